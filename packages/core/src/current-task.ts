import { AsyncLocalStorage, AsyncResource, executionAsyncId, executionAsyncResource } from 'node:async_hooks';
import { types } from 'node:util';
import type { Awaiter } from './awaiter.js';
import { adoptStorage } from './context.js';
import type { Task } from './task.js';

/** Holds the awaiter of the async function that is running, across any number of awaits. */
const storage = new AsyncLocalStorage<Awaiter | null>();

/**
 * Whether the storage was ever entered. On Node 20 that makes every later await slower, so loops without async
 * functions never enter it.
 */
let entered = false;

/** The task whose generator is being stepped right now. */
let stepping: Task<unknown> | null = null;

/** Whether runAs() has not returned yet. */
let running = false;

tellCallbacksApart();

/**
 * Lets currentAwaiter() distinguish async functions that continue from callbacks of Node. Node 20 and 22 ask a storage
 * what a new resource inherits. A promise inherits the awaiter, because it continues the function that awaits it. A
 * timer or a socket calls a callback, so it inherits the awaiter of the callbacks. Later Nodes pass on all that is
 * stored. There isInCallback() must do, which recognizes a callback only until it awaits a promise that is not one of
 * ours.
 */
function tellCallbacksApart(): void {
  const asking = storage as unknown as Partial<AskedStorage>; // which it is on Node 20 and 22
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

/** The internals of an AsyncLocalStorage on Node 20 and 22. */
interface AskedStorage {
  readonly kResourceStore: symbol;
  _propagate(
    this: unknown,
    resource: Record<symbol, Awaiter | null | undefined>,
    trigger: object,
    type: string,
  ): void;
}

/** The awaiter to which the awaits of the running code belong. Null outside of any task. */
export function currentAwaiter(): Awaiter | null {
  if (!entered) return null;
  const awaiter = storage.getStore() ?? null;
  if (awaiter === null || running || !isInCallback()) return awaiter;
  // A function of the task has set up this callback, so it has the context of that function. But it is not part of the
  // function, and what it starts must inherit that.
  storage.enterWith(awaiter.ofCallbacks);
  return awaiter.ofCallbacks;
}

/**
 * Whether this is a callback of Node, such as a timer's or a socket's, rather than an async function that continues. An
 * async function continues in a microtask. The resource of the microtask is its promise on Node 20 and 22, and there is
 * none on later ones. An AsyncResource says nothing, because users may enter one anywhere.
 */
function isInCallback(): boolean {
  /* c8 ignore next -- Node 24 and later */
  if (executionAsyncId() === 0) return false;
  const resource = executionAsyncResource();
  if (resource instanceof Promise || resource instanceof AsyncResource) return false;
  return !types.isPromise(resource); // a promise of another realm
}

/** The task whose code is running, or null outside of any. Python: asyncio.current_task(). */
export function currentTask(): Task<unknown> | null {
  return stepping ?? currentAwaiter()?.task ?? null;
}

/** Runs `fn`. Its awaits, and those of the promise reactions that it starts, belong to `awaiter`. */
export function runAs<T>(awaiter: Awaiter, fn: () => T): T {
  if (!entered) {
    adoptStorage(storage);
    entered = true;
  }
  const outer = enterStep(null); // a generator's step may start an async function
  const wasRunning = running;
  running = true;
  try {
    return storage.run(awaiter, fn);
  } finally {
    running = wasRunning;
    leaveStep(outer);
  }
}

/**
 * Notes that the generator of `task` is being stepped. `leaveStep()` must follow in this turn, with the result of this
 * call.
 */
export function enterStep(task: Task<unknown> | null): Task<unknown> | null {
  const outer = stepping;
  stepping = task;
  return outer;
}

export function leaveStep(outer: Task<unknown> | null): void {
  stepping = outer;
}
