import { inspect } from 'node:util';
import { DeadlockError } from '../errors.js';
import type { BaseEventLoop } from '../event-loop.js';
import type { Future } from '../future.js';
import { MAIN, NUMBER, OUTSIDE, TASKS, WAITS } from '../loop-internals.js';

/** Whether a job of an executor or a call into another thread is in progress. Such work takes real time. */
export function waitsForThreads(loop: BaseEventLoop): boolean {
  return loop[OUTSIDE].threads > 0;
}

/**
 * The deadlock of a loop that has nothing ready and nothing scheduled: the future it runs for can never be done. null
 * while something from outside may still come: a job of an executor, a call into another thread, an event of a
 * descriptor, or a native promise that a task awaits.
 */
export function deadlockOf(loop: BaseEventLoop): DeadlockError | null {
  const main = loop[MAIN];
  if (
    main === null ||
    main.done() ||
    waitsForThreads(loop) ||
    loop[OUTSIDE].promises > 0 ||
    loop.watchesDescriptors()
  )
    return null;
  const tasks = [...loop[TASKS]];
  if (tasks.some((task) => awaitsPromise(task))) return null;
  const waiters = tasks.map((task) => `\n  ${inspect(task)}`).join('');
  return new DeadlockError(
    `Deadlock: nothing is ready or scheduled, but ${inspect(main)} is not done. Waiting:${waiters || ' nobody'}`,
  );
}

/**
 * Whether the code behind `future` waits for a promise that is not a future. Only what the futures know can be seen.
 */
function awaitsPromise(future: Future<unknown>): boolean {
  const waits = future[WAITS]();
  if (waits === null) return false;
  return waits.length === 0 || waits.some((each) => !isTask(each) && awaitsPromise(each));
}

/** Tasks are skipped in the recursion: each is checked by itself, and they may wait for each other in a circle. */
function isTask(future: Future<unknown>): boolean {
  return NUMBER in future;
}
