import type { Future } from '../future.js';

const quiet = new WeakSet<Future<unknown>>();

/**
 * Does not report `future` if it never ends: the code that runs it learns so in another way.
 * CPython: `_log_destroy_pending = False`.
 */
export function keepQuiet(future: Future<unknown>): void {
  quiet.add(future);
}

export function isQuiet(future: Future<unknown>): boolean {
  return quiet.has(future);
}
