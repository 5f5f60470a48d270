export { ConcurrentFuture, wrapFuture } from './calls/concurrent-future.js';
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
export { registerErrorClass } from './codec/error-codec.js';
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
export { CancelRef, FutureRef, refTo } from './loop/future-ref.js';
export type { WakeUp } from './inbox/eventfd-wakeup.js';
export {
  type LoopCloseReport,
  type LoopExit,
  type LoopOutcome,
  type LoopRestart,
} from './group/supervised-loop.js';
export {
  type LoopFactory,
  LoopGroup,
  type LoopGroupCloseOptions,
  type LoopGroupOptions,
  type LoopSetup,
} from './group/loop-group.js';
export { LoopRef, type RemoteCallback } from './loop/loop-ref.js';
export type { LoopRefStatistics } from './calls/inbox-writer.js';
export type { ThreadOptions } from './threads/thread-options.js';
export type { RestartOptions } from './group/restart-policy.js';
export type { Preload } from './references/preload.js';
export {
  type Arrived,
  remote,
  type RemoteFunction,
  type RemoteOptions,
  type RemoteResult,
} from './references/remote.js';
export { type RemoteModule, remoteModule } from './references/remote-module.js';
export { ThreadsafeHandle } from './calls/threadsafe-handle.js';
export { transfer } from './codec/transfer.js';
export { CancelToken } from './shared/cancel-token.js';
export { SharedBoundedSemaphore } from './shared/shared-bounded-semaphore.js';
export { SharedEvent } from './shared/shared-event.js';
export { SharedLock } from './shared/shared-lock.js';
export { SharedQueue, type SharedQueueOptions } from './shared/shared-queue.js';
export { SharedSemaphore } from './shared/shared-semaphore.js';
export { watchWorker } from './loop/watch-worker.js';
export type { LoopRefOptions } from './calls/when-full.js';
