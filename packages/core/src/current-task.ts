import { AsyncLocalStorage, AsyncResource, executionAsyncId, executionAsyncResource } from 'node:async_hooks';
import { types } from 'node:util';
import type { Awaiter } from './awaiter.js';
import { adoptStorage } from './context.js';
import type { Task } from './task.js';

/** The store tells which task's async function is running, behind any number of awaits. */
const storage = new AsyncLocalStorage<Awaiter | null>();

/** An AsyncLocalStorage that was entered once makes every await slower on Node 20: loops without async functions never enter it. */
let entered = false;

/** The task whose generator is being stepped right now. */
let stepping: Task<unknown> | null = null;

/** runAs() has not returned yet. */
let running = false;

tellCallbacksApart();

/**
 * Node 20 and 22 ask a storage what a new resource is to find in it. A promise goes on as part of the function that awaits it; a timer
 * or a socket calls somebody back. Later Nodes hand on all that is stored: there isInCallback() must do, which sees a callback
 * only until it awaits a promise that is none of ours.
 */
function tellCallbacksApart(): void {
  const asking = storage as unknown as Partial<AskedStorage>; // if it is one
  const { _propagate: propagate, kResourceStore: key } = asking;
  /* c8 ignore next -- Node 24 and later */
  if (typeof propagate !== 'function' || key === undefined) return;
  asking._propagate = function handOn(resource, trigger, type) {
    propagate.call(this, resource, trigger, type);
    if (type === 'PROMISE' || resource instanceof AsyncResource) return;
    const awaiter = resource[key];
    if (awaiter != null) resource[key] = awaiter.ofCallbacks;
  };
}

/** What Node 20 and 22 have in an AsyncLocalStorage. */
interface AskedStorage {
  readonly kResourceStore: symbol;
  _propagate(
    this: unknown,
    resource: Record<symbol, Awaiter | null | undefined>,
    trigger: object,
    type: string,
  ): void;
}

/** Whose awaits those of the code are that is running; null outside of any task. */
export function currentAwaiter(): Awaiter | null {
  if (!entered) return null;
  const awaiter = storage.getStore() ?? null;
  if (awaiter === null || running || !isInCallback()) return awaiter;
  // Set up by a function of the task, the callback has its context. That it is none of the function itself, what it starts inherits.
  storage.enterWith(awaiter.ofCallbacks);
  return awaiter.ofCallbacks;
}

/**
 * Whether this is a callback of Node, a timer's or a socket's, rather than an async function that goes on. The latter goes on in a
 * microtask, whose resource is its promise on Node 20 and 22 and none on later ones. Users may enter an AsyncResource anywhere.
 */
function isInCallback(): boolean {
  /* c8 ignore next -- Node 24 and later */
  if (executionAsyncId() === 0) return false;
  const resource = executionAsyncResource();
  if (resource instanceof Promise || resource instanceof AsyncResource) return false;
  return !types.isPromise(resource); // it may be another realm's
}

/** The task whose code is running, or null outside of any. Python: asyncio.current_task(). */
export function currentTask(): Task<unknown> | null {
  return stepping ?? currentAwaiter()?.task ?? null;
}

/** Runs `fn`; its awaits, and those of the promise reactions that it starts, are the awaiter's. */
export function runAs<T>(awaiter: Awaiter, fn: () => T): T {
  if (!entered) {
    adoptStorage(storage);
    entered = true;
  }
  const outer = enterStep(null); // a generator may start an async function
  const wasRunning = running;
  running = true;
  try {
    return storage.run(awaiter, fn);
  } finally {
    running = wasRunning;
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
