// For sibling packages and tests only.
export { EpollPoll } from './epoll-poll.js';
export { awaitKoffiLoading, shareKoffiLoading, whileLoadingKoffi } from './koffi-loading.js';
export { findWakeup } from './libuv-wakeup.js';
export { NET } from './loop-net.js';
export { resolve } from './resolve.js';
export { Selector } from './selector.js';
export { portNumber } from './service-port.js';
export { WriteBuffer } from './write-buffer.js';
