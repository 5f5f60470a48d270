// For sibling packages only.
export { connectSocket } from './connect-socket.js';
export { LoopNet, NET } from './loop-net.js';
export { detachPolled, sharePolledDescriptors } from './polled-descriptors.js';
export { resolve, type ResolvedAddress } from './resolve.js';
export { portNumber } from './service-port.js';
export { startTransport } from './start-transport.js';
export { StreamTransport, type TransportOptions, type TransportOwner } from './stream-transport.js';
export { isSystemError, systemError } from './system-error.js';
export { WriteBuffer } from './write-buffer.js';
