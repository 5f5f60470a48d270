/**
 * What stands for a result to come: async functions `await` it, generator coroutines `yield*` it. What is a coroutine method
 * in asyncio returns one here. It has begun when the call returns, as any promise has. Python: Awaitable.
 */
export interface Awaitable<T> extends Promise<T> {
  /** For `yield*`: gives what must be waited for, if anything, and returns the result. Python: `__await__`. */
  [Symbol.iterator](): Iterator<unknown, T, unknown>;
}

/** `finally` for what has a `then`: Promise.prototype.finally insists on a constructor that is Promise's. */
export function thenFinally<T>(
  awaitable: PromiseLike<T>,
  onFinally: (() => void) | null | undefined,
): Promise<T> {
  return Promise.resolve(awaitable).finally(onFinally);
}
