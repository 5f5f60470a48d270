import { AsyncLocalStorage } from 'node:async_hooks';
import { adoptStorage } from './context.js';
import type { Future } from './future.js';
import type { Task } from './task.js';

/**
 * What a future needs to know of the task that awaits it. `await` calls the future's `then` in the async context of the
 * awaiting function (on all Node versions we support), and so the store tells which task that is.
 */
export interface Awaiter {
  readonly task: Task<unknown>;
  /** The task begins to wait. Returns what the await must throw instead of waiting, if anything. */
  beginWait(future: Future<unknown>): Error | null;
  /** The wait is over. Returns what the await must throw instead of the future's outcome, if anything. */
  endWait(future: Future<unknown>): Error | null;
  /** For an await that is not on a future: the CancelledError that is due, if any. */
  takeCancellation(): Error | null;
}

const storage = new AsyncLocalStorage<Awaiter | null>();

/** An AsyncLocalStorage that was entered once makes every await slower on Node 20: loops without async functions never enter it. */
let entered = false;

/** The task whose generator is being stepped right now. */
let stepping: Task<unknown> | null = null;

/** The task of the async function that is running; its awaits are the task's. */
export function currentAwaiter(): Awaiter | null {
  return entered ? (storage.getStore() ?? null) : null;
}

/** The task whose code is running, or null outside of any. Python: asyncio.current_task(). */
export function currentTask(): Task<unknown> | null {
  return stepping ?? currentAwaiter()?.task ?? null;
}

/** Runs `fn`; its awaits, and those of the promise reactions and callbacks of Node that it starts, are the awaiter's. */
export function runAs<T>(awaiter: Awaiter, fn: () => T): T {
  if (!entered) {
    adoptStorage(storage);
    entered = true;
  }
  const outer = enterStep(null); // a generator may start an async function
  try {
    return storage.run(awaiter, fn);
  } finally {
    leaveStep(outer);
  }
}

/** Until `leaveStep()`, which must follow in this turn, the generator of `task` runs. Returns what to leave to. */
export function enterStep(task: Task<unknown> | null): Task<unknown> | null {
  const outer = stepping;
  stepping = task;
  return outer;
}

export function leaveStep(outer: Task<unknown> | null): void {
  stepping = outer;
}
