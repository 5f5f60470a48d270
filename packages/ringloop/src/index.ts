// The one door for users: everything public of the four packages, by name.
export {
  allTasks,
  BaseEventLoop,
  CancelledError,
  type Coroutine,
  currentTask,
  type DoneCallback,
  ensureFuture,
  type ExceptionContext,
  type ExceptionHandler,
  type Executor,
  type ExecutorJob,
  Future,
  Handle,
  type Host,
  InternalError,
  InvalidStateError,
  KeyboardInterrupt,
  type LoopOptions,
  type LoopPorts,
  LoopStateError,
  sleep,
  SystemExit,
  Task,
  type TaskOptions,
  TimerHandle,
  VirtualHost,
} from '@ringloop/core';
export {
  CloneError,
  ConcurrentFuture,
  type LoopGroupOptions,
  LoopRef,
  PeerExitedError,
  registerErrorClass,
  remote,
  type RemoteCallback,
  type RemoteFunction,
  RemoteFunctionError,
  RingFullError,
  ThreadsafeHandle,
  TooManyProducersError,
  wrapFuture,
} from '@ringloop/threadsafe';
export { ExecutorFullError, PiscinaExecutor, type PiscinaExecutorOptions } from '@ringloop/executor';
export { EventLoop, getRunningLoop, type LoopStatistics } from './event-loop.js';
export { LoopGroup } from './loop-group.js';
export { run } from './run.js';
