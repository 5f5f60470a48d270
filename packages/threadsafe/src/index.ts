export { ConcurrentFuture, wrapFuture } from './concurrent-future.js';
export { Exposure } from './control/exposed-objects.js';
export { proxy } from './control/proxy.js';
export {
  type ProxyMarked,
  releaseProxy,
  type Remote,
  type RemoteFunctions,
  type RemoteHandle,
  type RemoteMember,
  type RemoteMembers,
} from './control/remote-object.js';
export type { WrapOptions } from './control/wrap.js';
export { registerErrorClass } from './error-codec.js';
export {
  CloneError,
  MainThreadError,
  NameTakenError,
  NotExposedError,
  PeerExitedError,
  RemoteFunctionError,
  RingFullError,
  ThreadUnavailableError,
  TooManyProducersError,
} from './errors.js';
export { CancelRef, FutureRef, refTo } from './future-ref.js';
export type { WakeUp } from './eventfd-wakeup.js';
export { type LoopCloseReport, type LoopExit, type LoopOutcome, type LoopRestart } from './group-place.js';
export {
  type LoopFactory,
  LoopGroup,
  type LoopGroupCloseOptions,
  type LoopGroupOptions,
  type LoopSetup,
} from './loop-group.js';
export { LoopRef, type RemoteCallback } from './loop-ref.js';
export type { LoopRefStatistics } from './outbox.js';
export type { ThreadOptions } from './thread-options.js';
export type { RestartOptions } from './restart-policy.js';
export type { Preload } from './preload.js';
export {
  type Arrived,
  remote,
  type RemoteFunction,
  type RemoteOptions,
  type RemoteResult,
} from './remote.js';
export { type RemoteModule, remoteModule } from './remote-module.js';
export { ThreadsafeHandle } from './threadsafe-handle.js';
export { transfer } from './transfer.js';
export { CancelToken } from './shared/cancel-token.js';
export { SharedBoundedSemaphore } from './shared/shared-bounded-semaphore.js';
export { SharedEvent } from './shared/shared-event.js';
export { SharedLock } from './shared/shared-lock.js';
export { SharedQueue, type SharedQueueOptions } from './shared/shared-queue.js';
export { SharedSemaphore } from './shared/shared-semaphore.js';
export { watchWorker } from './watch-worker.js';
export type { LoopRefOptions } from './when-full.js';
