// For sibling packages and tests only.
export { detachPolled, sharePolledDescriptors } from './polled-descriptors.js';
export { resolve } from './resolve.js';
export { portNumber } from './service-port.js';
export { WriteBuffer } from './write-buffer.js';
