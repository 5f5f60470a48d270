export { ConcurrentFuture, wrapFuture } from './concurrent-future.js';
export { registerErrorClass } from './error-codec.js';
export {
  CloneError,
  PeerExitedError,
  RemoteFunctionError,
  RingFullError,
  TooManyProducersError,
} from './errors.js';
export { type LoopFactory, LoopGroup, type LoopGroupOptions } from './loop-group.js';
export { LoopRef, type RemoteCallback } from './loop-ref.js';
export { remote, type RemoteFunction } from './remote.js';
export { ThreadsafeHandle } from './threadsafe-handle.js';
export { CancelToken } from './shared/cancel-token.js';
export { SharedBoundedSemaphore } from './shared/shared-bounded-semaphore.js';
export { SharedEvent } from './shared/shared-event.js';
export { SharedLock } from './shared/shared-lock.js';
export { SharedQueue, type SharedQueueOptions } from './shared/shared-queue.js';
export { SharedSemaphore } from './shared/shared-semaphore.js';
