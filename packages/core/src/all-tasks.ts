import { currentTask as anyCurrentTask } from './current-task.js';
import type { BaseEventLoop } from './event-loop.js';
import { NUMBER, TASKS } from './loop-internals.js';
import { getRunningLoop, peekRunningLoop } from './running-loop.js';
import type { Task } from './task.js';

/**
 * The tasks of `loop` (by default the running one) that are not done. Python: asyncio.all_tasks().
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 */
export function allTasks(loop: BaseEventLoop = getRunningLoop()): Set<Task<unknown>> {
  return new Set([...loop[TASKS]].sort((a, b) => a[NUMBER] - b[NUMBER]));
}

/**
 * The task of `loop` (by default the running one) whose code is running, or null if there is none.
 * Python: asyncio.current_task().
 */
export function currentTask(loop: BaseEventLoop | null = peekRunningLoop()): Task<unknown> | null {
  const task = anyCurrentTask();
  return task !== null && task.getLoop() === loop ? task : null;
}
