// The loop of one thread. The heart stands in the root, what can be read alone in folders.
//
// (root)    The loop and its turns (event-loop, turn, stopping), what is queued in it (ready-queue, timer-heap, handle), futures and
//           how they are awaited (future, then, awaiter, attachment, offer), tasks and what drives them (task, generator-driver,
//           running-coroutine, running-function), blocks that can be cancelled alone (block, scope), and `run()` (runner, wind-up).
//           loop-internals has the symbols by which these files, and sibling packages, reach into each other's objects.
// ports/    What the loop asks of others: the host with its time and turns, the inbox for other threads, executors.
// waiting/  Everything that waits for futures: sleep, gather, wait, waitFor, asCompleted, shield, timeouts, task groups.
// sync/     Locks, events, conditions, semaphores and barriers, and the queue of their waiters.
// queues/   Queues of items: first in first out, last in first out, by priority.
// memory/   Words that threads share: the one seam to Atomics, tables of slots, memory that is inherited by new threads.
// debug/    What is reported: slow callbacks, where something was created, errors that nobody has retrieved, deadlocks.
export { allTasks, currentTask } from './all-tasks.js';
export {
  type AsCompleted,
  asCompleted,
  type AsCompletedOptions,
  type DoneFuture,
} from './waiting/as-completed.js';
export { aclosing } from './asyncgens.js';
export type { Awaitable } from './awaitable.js';
export { Barrier } from './sync/barrier.js';
export type { BlockBody } from './block.js';
export { Condition } from './sync/condition.js';
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
export { Event } from './sync/event.js';
export { BaseEventLoop, type LoopOptions, type LoopPorts } from './event-loop.js';
export type { ExceptionContext, ExceptionHandler } from './exception-handler.js';
export type { Executor, ExecutorJob } from './ports/executor.js';
export { type DoneCallback, type DoneCallbackOptions, Future } from './future.js';
export { gather, type Gathered, type GatherOptions, type Joinable, type ResultOf } from './waiting/gather.js';
export type { CoroutineGenerator } from './generator-driver.js';
export { Handle } from './handle.js';
export type { Host } from './ports/host.js';
export { LifoQueue } from './queues/lifo-queue.js';
export { Lock } from './sync/lock.js';
export type { Compare } from './queues/natural-order.js';
export { PriorityQueue, type PriorityQueueOptions } from './queues/priority-queue.js';
export { Queue } from './queues/queue.js';
export { type ItemStore } from './queues/item-store.js';
export type { Resource, ResourceKind } from './resources.js';
export { run, type RunOptions } from './run.js';
export { Runner, type RunnerOptions, type RunnerRunOptions } from './runner.js';
export { getRunningLoop } from './running-loop.js';
export type { ScopeBody } from './scope.js';
export { BoundedSemaphore, Semaphore } from './sync/semaphore.js';
export { shield } from './waiting/shield.js';
export { sleep } from './waiting/sleep.js';
export { Task, type TaskOptions } from './task.js';
export {
  createEagerTaskFactory,
  eagerTaskFactory,
  type TaskConstructor,
  type TaskFactory,
} from './task-factory.js';
export { TaskGroup } from './waiting/task-group.js';
export { timeout, Timeout, timeoutAt } from './waiting/timeouts.js';
export { TimerHandle } from './timer-handle.js';
export { VirtualHost, type VirtualHostOptions } from './ports/virtual-host.js';
export {
  ALL_COMPLETED,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type ReturnWhen,
  wait,
  type WaitOptions,
} from './waiting/wait.js';
export { waitFor } from './waiting/wait-for.js';
