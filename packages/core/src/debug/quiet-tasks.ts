import type { Future } from '../future.js';

const quiet = new WeakSet<Future<unknown>>();

/** Whoever runs `future` is told in another way when it never ends. CPython: `_log_destroy_pending = False`. */
export function keepQuiet(future: Future<unknown>): void {
  quiet.add(future);
}

export function isQuiet(future: Future<unknown>): boolean {
  return quiet.has(future);
}
