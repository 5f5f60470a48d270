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
export { type DatagramPlaces, HandleDatagram } from './node-handles/handle-datagram.js';
export { HandleListener } from './node-handles/handle-listener.js';
export { HandleSelector } from './node-handles/handle-selector.js';
export { HandleStream } from './node-handles/handle-stream.js';
