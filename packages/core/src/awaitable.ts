/**
 * A result that is still to come: async functions `await` it, generator coroutines `yield*` it. Methods that are
 * coroutines in asyncio return one here. Like any promise, it has begun when the call returns. Python: Awaitable.
 */
export interface Awaitable<T> extends Promise<T> {
  /** For `yield*`: yields what must be waited for, if anything, and returns the result. Python: `__await__`. */
  [Symbol.iterator](): Iterator<unknown, T, unknown>;
}

/** `finally` for an object that has a `then` but is not a promise. */
export function thenFinally<T>(
  awaitable: PromiseLike<T>,
  onFinally: (() => void) | null | undefined,
): Promise<T> {
  return Promise.resolve(awaitable).finally(onFinally);
}
