// Everything that crosses a thread. Each folder uses only those above it.
//
// (root)        The errors, and three small functions that several folders need.
// memory/       What threads share, word by word: rings, records, the wake-up word, inboxes, blocked threads.
// codec/        Values as bytes, and back.
// references/   Functions by name: `remote()`, `remoteModule()`, and the import of their modules.
// out-of-band/  What no ring can carry: the broadcast channel and transfer ports.
// exits/        Which threads have ended, and how the others learn of it.
// threads/      How worker threads are started: their options, their output, their loaders.
// inbox/        Receiving: the two ends of a lane, the reader of an inbox, the functions that are called.
// calls/        Sending: the writer of an inbox, futures and handles of calls, replies, waiting and blocking.
// control/      Proxies: objects that a loop exposes or lends, used from other threads.
// loop/         What users hold of another thread's loop (LoopRef), and the inbox that a loop has.
// signals/      Signals for the loops of all threads, relayed by the main thread.
// group/        Loops in worker threads that are spawned, supervised and closed together.
// shared/       Locks, semaphores, events, queues and cancel tokens of all threads.
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
  SignalError,
  type SignalErrorCode,
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
