import type { Awaitable } from '../awaitable.js';

/**
 * Makes a native promise an Awaitable. `await` keeps the fast path that the engine has for its own promises, and a
 * generator coroutine can `yield*` it to wait until it settles.
 */
export function iterablePromise<T>(promise: Promise<T>): Awaitable<T> {
  const awaitable = promise as Awaitable<T>; // the next line adds the iterator
  awaitable[Symbol.iterator] = waitForThis<T>;
  return awaitable;
}

function* waitForThis<T>(this: Promise<T>): Generator<Promise<T>, T, T> {
  return yield this; // the driver of the generator sends the promise's result
}
