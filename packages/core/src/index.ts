export { allTasks, currentTask } from './all-tasks.js';
export { aclosing } from './asyncgens.js';
export type { Awaitable } from './awaitable.js';
export { type Coroutine, isCoroutine } from './coroutine.js';
export { getEventLoop, setEventLoop } from './current-loop.js';
export { ensureFuture, isFuture } from './ensure-future.js';
export {
  BrokenBarrierError,
  CancelledError,
  DeadlockError,
  ExceptionGroup,
  InternalError,
  InvalidStateError,
  KeyboardInterrupt,
  LoopStateError,
  type LoopStateCode,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  SystemExit,
  TimeoutError,
} from './errors.js';
export { BaseEventLoop, type LoopOptions, type LoopPorts } from './event-loop.js';
export type { ExceptionContext, ExceptionHandler } from './exception-handler.js';
export type { Executor, ExecutorJob } from './executor.js';
export { type DoneCallback, type DoneCallbackOptions, Future } from './future.js';
export type { CoroutineGenerator } from './generator-driver.js';
export { Handle } from './handle.js';
export type { Host } from './host.js';
export { run, type RunOptions } from './run.js';
export { Runner, type RunnerOptions, type RunnerRunOptions } from './runner.js';
export { getRunningLoop } from './running-loop.js';
export { sleep } from './sleep.js';
export { Task, type TaskOptions } from './task.js';
export {
  createEagerTaskFactory,
  eagerTaskFactory,
  type TaskConstructor,
  type TaskFactory,
} from './task-factory.js';
export { TimerHandle } from './timer-handle.js';
export { VirtualHost, type VirtualHostOptions } from './virtual-host.js';
