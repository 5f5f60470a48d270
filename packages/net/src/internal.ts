// For sibling packages and tests only.
export {
  arrive,
  connectionDropped,
  connectionOf,
  connectionSent,
  type ConnectionWire,
  KIND as CONNECTION_KIND,
  receiverEnded,
} from './transports/detached-connection.js';
export { EpollPoll } from './selector/epoll-poll.js';
export { awaitKoffiLoading, shareKoffiLoading, whileLoadingKoffi } from './libc/koffi-loading.js';
export { EventfdTable } from './wakeup/eventfd-table.js';
export { LOADING_MS, LoadingTable } from './libc/loading-table.js';
export { findWakeup } from './wakeup/libuv-wakeup.js';
export { addTurnListener, removeTurnListener } from './wakeup/libuv-turns.js';
export { NET } from './loop-net.js';
export {
  answered,
  describe,
  dupOf,
  type Offer,
  offer,
  refuse,
  take,
  tryWithdraw,
} from './sockets/hand-over.js';
export { resolve } from './names/resolve.js';
export { Selector } from './selector/selector.js';
export { bindServer } from './server/create-server.js';
export { Listener, type OnConnection } from './server/listener.js';
export type { RemoteClients } from './server/server.js';
export { portNumber } from './sockets/service-port.js';
export { WriteBuffer } from './transports/write-buffer.js';
export { shareEventfds, threadEventfd } from './wakeup/thread-eventfd.js';
