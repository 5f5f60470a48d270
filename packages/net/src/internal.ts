// For sibling packages and tests only.
export { EpollPoll } from './epoll-poll.js';
export { awaitKoffiLoading, shareKoffiLoading, whileLoadingKoffi } from './koffi-loading.js';
export { EventfdTable } from './eventfd-table.js';
export { LOADING_MS, LoadingTable } from './loading-table.js';
export { findWakeup } from './libuv-wakeup.js';
export { addTurnListener, removeTurnListener } from './libuv-turns.js';
export { NET } from './loop-net.js';
export { resolve } from './resolve.js';
export { Selector } from './selector.js';
export { portNumber } from './service-port.js';
export { WriteBuffer } from './write-buffer.js';
export { shareEventfds, threadEventfd } from './thread-eventfd.js';
