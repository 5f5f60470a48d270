// For sibling packages and tests only.
export { EpollPoll } from './selector/epoll-poll.js';
export { awaitKoffiLoading, shareKoffiLoading, whileLoadingKoffi } from './libc/koffi-loading.js';
export { EventfdTable } from './wakeup/eventfd-table.js';
export { LOADING_MS, LoadingTable } from './libc/loading-table.js';
export { findWakeup } from './wakeup/libuv-wakeup.js';
export { addTurnListener, removeTurnListener } from './wakeup/libuv-turns.js';
export { NET } from './loop-net.js';
export { resolve } from './names/resolve.js';
export { Selector } from './selector/selector.js';
export { portNumber } from './sockets/service-port.js';
export { WriteBuffer } from './transports/write-buffer.js';
export { shareEventfds, threadEventfd } from './wakeup/thread-eventfd.js';
export { ByteQueue } from './streams/byte-queue.js';
export { Separators } from './streams/separators.js';
export { StreamFlow } from './streams/stream-flow.js';
