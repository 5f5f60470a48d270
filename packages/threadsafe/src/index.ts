export { ConcurrentFuture, wrapFuture } from './concurrent-future.js';
export { registerErrorClass } from './error-codec.js';
export {
  CloneError,
  MainThreadError,
  PeerExitedError,
  RemoteFunctionError,
  RingFullError,
  TooManyProducersError,
} from './errors.js';
export { type LoopFactory, LoopGroup, type LoopGroupOptions } from './loop-group.js';
export { LoopRef, type RemoteCallback } from './loop-ref.js';
export { remote, type RemoteFunction } from './remote.js';
export type { LoopRefStatistics } from './outbox.js';
export { ThreadsafeHandle } from './threadsafe-handle.js';
export { transfer } from './transfer.js';
export type { LoopRefOptions } from './when-full.js';
