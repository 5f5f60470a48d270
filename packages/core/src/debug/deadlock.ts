import { inspect } from 'node:util';
import { DeadlockError } from '../errors.js';
import type { BaseEventLoop } from '../event-loop.js';
import type { Future } from '../future.js';
import { MAIN, NUMBER, OUTSIDE, TASKS, WAITS } from '../loop-internals.js';

/** Whether a job of an executor or a call into another thread is under way, which take real time. */
export function waitsForThreads(loop: BaseEventLoop): boolean {
  return loop[OUTSIDE].threads > 0;
}

/**
 * Why a loop that has nothing ready and nothing scheduled will never be done with what it runs for; null while something from
 * outside may still come: a job of an executor, a call into another thread, a descriptor, or a native promise that a task awaits.
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

/** Whether code behind `future` waits for something that is none of ours, as far as can be seen. */
function awaitsPromise(future: Future<unknown>): boolean {
  const waits = future[WAITS]();
  if (waits === null) return false;
  return waits.length === 0 || waits.some((each) => !isTask(each) && awaitsPromise(each));
}

/** Tasks are asked by themselves: they may wait for each other. */
function isTask(future: Future<unknown>): boolean {
  return NUMBER in future;
}
