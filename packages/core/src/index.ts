export {
  CancelledError,
  InternalError,
  InvalidStateError,
  KeyboardInterrupt,
  LoopStateError,
  type LoopStateCode,
  SystemExit,
} from './errors.js';
export { BaseEventLoop, type LoopOptions, type LoopPorts } from './event-loop.js';
export type { ExceptionContext, ExceptionHandler } from './exception-handler.js';
export type { Executor, ExecutorJob } from './executor.js';
export { type DoneCallback, Future } from './future.js';
export { Handle, TimerHandle } from './handle.js';
export type { Host } from './host.js';
export { run, type RunOptions } from './run.js';
export { getRunningLoop } from './running-loop.js';
export { sleep } from './sleep.js';
export { allTasks, type Coroutine, currentTask, ensureFuture, Task, type TaskOptions } from './task.js';
export { VirtualHost } from './virtual-host.js';
