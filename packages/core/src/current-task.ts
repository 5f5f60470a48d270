import { AsyncLocalStorage } from 'node:async_hooks';
import type { Future } from './future.js';

/**
 * What a future needs to know of the task that awaits it. `await` calls the future's `then` in the async context of the
 * awaiting function (on all Node versions we support), and so the store tells which task that is.
 */
export interface Awaiter {
  /** The task begins to wait. Returns what the await must throw instead of waiting, if anything. */
  beginWait(future: Future<unknown>): Error | null;
  /** The wait is over. Returns what the await must throw instead of the future's outcome, if anything. */
  endWait(future: Future<unknown>): Error | null;
  /** For an await that is not on a future: the CancelledError that is due, if any. */
  takeCancellation(): Error | null;
}

const storage = new AsyncLocalStorage<Awaiter | null>();

/** An AsyncLocalStorage that was entered once makes every await slower on Node 20: loops without tasks never enter it. */
let entered = false;

export function currentAwaiter(): Awaiter | null {
  return entered ? (storage.getStore() ?? null) : null;
}

/** Runs `fn` as part of `awaiter`; so do the promise reactions and callbacks of Node that it starts. */
export function runAs<T>(awaiter: Awaiter, fn: () => T): T {
  entered = true;
  return storage.run(awaiter, fn);
}

/** Runs `fn` as part of no task. */
export function outsideTasks(fn: () => void): void {
  if (currentAwaiter() === null) fn();
  else storage.run(null, fn);
}
