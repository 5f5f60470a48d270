import { inspect } from 'node:util';
import { InvalidStateError, LoopStateError } from './errors.js';
import type { Future } from './future.js';

/** Whether `task`, or a part of it, can wait for `future`. */
export function mayWaitFor(task: Future<unknown>, future: Future<unknown>): boolean {
  return future !== task && future.getLoop() === task.getLoop();
}

/** Why `task`, or a part of it, cannot wait for `future`, or null if it can. */
export function refusalOf(task: Future<unknown>, future: Future<unknown>): Error | null {
  if (mayWaitFor(task, future)) return null;
  if (future === task) return new InvalidStateError(`Task cannot await on itself: ${inspect(task)}`);
  const message = `Task ${inspect(task)} got Future ${inspect(future)} attached to a different loop`;
  return new LoopStateError(message, 'ERR_OTHER_LOOP');
}
