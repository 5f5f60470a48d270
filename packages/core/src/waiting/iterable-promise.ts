import type { Awaitable } from '../awaitable.js';

/**
 * A native promise as an Awaitable: `await` takes the short way that Node has for its own promises, and a generator coroutine
 * can `yield*` it, which waits for the promise to settle.
 */
export function iterablePromise<T>(promise: Promise<T>): Awaitable<T> {
  const awaitable = promise as Awaitable<T>; // on the next line
  awaitable[Symbol.iterator] = waitForThis<T>;
  return awaitable;
}

function* waitForThis<T>(this: Promise<T>): Generator<Promise<T>, T, T> {
  return yield this; // who steps the generator sends what the promise came to
}
