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
export { CancelRef, FutureRef, refTo } from './future-ref.js';
export { type LoopFactory, LoopGroup, type LoopGroupOptions } from './loop-group.js';
export { LoopRef, type RemoteCallback } from './loop-ref.js';
export type { LoopRefStatistics } from './outbox.js';
export type { Preload } from './preload.js';
export { remote, type RemoteFunction, type RemoteOptions, type RemoteResult } from './remote.js';
export { type RemoteModule, remoteModule } from './remote-module.js';
export { ThreadsafeHandle } from './threadsafe-handle.js';
export type { LoopRefOptions } from './when-full.js';
