import { FIRST_COMPLETED, type Task, wait } from '@ringloop/core';
import { startFunction } from '@ringloop/core/internal';
import type { NetLoop } from '../loop-net.js';

export interface RaceOptions<T, E> {
  /** Seconds after which the next attempt begins although those before it have not failed yet. */
  readonly delay: number;
  /** Whether an attempt may fail this way. Any other error ends the race. */
  readonly isExpected: (thrown: unknown) => thrown is E;
  /** Gives back what an attempt has won that was not needed any more. */
  readonly discard: (result: T) => void;
}

/**
 * Begins the attempts one after the other, each when the one before it has failed or `delay` seconds have passed, and returns the
 * first result, or all errors in the order of the attempts. The attempts that are left are cancelled, and have ended, before it
 * returns, whatever ends it. Source: RFC 8305, section 5. Python: asyncio.staggered.staggered_race().
 */
export async function staggeredRace<T, E>(
  loop: NetLoop,
  attempts: readonly (() => Promise<T>)[],
  { delay, isExpected, discard }: RaceOptions<T, E>,
): Promise<{ winner: T } | { errors: E[] }> {
  const running = new Set<Task<T>>();
  const errors: E[] = [];
  /** Undefined: the attempt has failed. */
  const resultOf = (index: number, task: Task<T>): { winner: T } | undefined => {
    running.delete(task);
    const error = task.exception();
    if (error === null) return { winner: task.result() };
    if (!isExpected(error)) throw error;
    errors[index] = error;
    return undefined;
  };
  try {
    const started = new Map<Task<T>, number>();
    for (const [index, attempt] of attempts.entries()) {
      // Not as it is: a task that is cancelled while its function succeeds would drop the result.
      const task = loop.createTask(() => startFunction(attempt, { loop, discard }));
      running.add(task);
      started.set(task, index);
      const isLast = index === attempts.length - 1;
      while (running.size > 0) {
        const timeout = isLast ? null : delay;
        const [done] = await wait([...running], { timeout, returnWhen: FIRST_COMPLETED });
        for (const each of done) {
          const won = resultOf(started.get(each) ?? 0, each);
          if (won !== undefined) return won;
        }
        if (!isLast) break; // the delay is over, or an attempt has failed
      }
    }
    return { errors: Object.values(errors) }; // without holes
  } finally {
    await endAll(running, discard);
  }
}

/** Cancels the attempts and waits for their end, which is near: they close their sockets. */
async function endAll<T>(running: ReadonlySet<Task<T>>, discard: (result: T) => void): Promise<void> {
  for (const task of running) task.cancel();
  if (running.size > 0) await wait(running);
  for (const task of running) {
    if (!task.cancelled() && task.exception() === null) discard(task.result());
  }
}
