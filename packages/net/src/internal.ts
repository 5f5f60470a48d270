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
export { type Libc, libc } from './libc/libc.js';
export { signalDispositions } from './libc/signal-dispositions.js';
export { isSystemError } from './libc/system-error.js';
export { LOADING_MS, LoadingTable } from './libc/loading-table.js';
export { findWakeup } from './wakeup/libuv-wakeup.js';
export { addTurnListener, removeTurnListener } from './wakeup/libuv-turns.js';
export { NET } from './loop-net.js';
export { resolve, resolveToBind } from './names/resolve.js';
export { Selector } from './selector/selector.js';
export { serviceText } from './sockets/service-port.js';
export { interleave } from './connect/interleave.js';
export { staggeredRace } from './connect/staggered-race.js';
export { decodeOften, encodeOften } from './sockets/address-cache.js';
export { decodeAddress, encodeAddress } from './sockets/sockaddr.js';
export {
  answered,
  dupOf,
  type Offer,
  offer,
  refuse,
  take,
  takeBy,
  tryWithdraw,
} from './sockets/hand-over.js';
export { serverPlan } from './tls/ssl-options.js';
export { bindServer } from './server/create-server.js';
export { Listener, type OnConnection } from './server/listener.js';
export type { RemoteClients } from './server/server.js';
export { ReceiveSlab } from './receive-slab.js';
export { joinSmall, withoutStart } from './transports/pieces.js';
export { WriteBuffer } from './transports/write-buffer.js';
export { shareEventfds, threadEventfd } from './wakeup/thread-eventfd.js';
export { ByteQueue } from './streams/byte-queue.js';
export { Separators } from './streams/separators.js';
export { StreamFlow } from './streams/stream-flow.js';
export { type DatagramPlaces, HandleDatagram } from './node-handles/handle-datagram.js';
export { HandleListener } from './node-handles/handle-listener.js';
export { HandleSelector } from './node-handles/handle-selector.js';
export { HandleStream } from './node-handles/handle-stream.js';
export { PipeFile } from './pipes/pipe-file.js';
export { Environment } from './processes/environment.js';
export { adoptChildrenOfWorkers, orphanCount } from './processes/orphans.js';
export { ChildLedger } from './processes/child-ledger.js';
export { processFunctions } from './libc/process-functions.js';
export { tryPrograms } from './processes/find-program.js';
