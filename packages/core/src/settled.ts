import { type Awaitable, thenFinally } from './awaitable.js';
import { currentAwaiter } from './current-task.js';
import { isPromiseLike } from './is-promise-like.js';

/**
 * `value`, to be awaited; no loop comes into it, as it does not in Python where an `await` need not wait. To await a promise of
 * Node's own is twice as fast as any other, and to make one takes a generator coroutine twenty times longer than not to: what
 * this is depends on who asks, and whoever has it can do both.
 */
export function settled<T>(value: T): Awaitable<T> {
  // A promise would at once wait for a value that is one itself, and report its rejection, wanted or not.
  if (currentAwaiter() === null || isPromiseLike(value)) return new Settled(value);
  return settledForBoth(value);
}

/** `yield*` takes the value from it without making a promise. */
class Settled<T> implements Awaitable<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    return Promise.resolve(this.#value).then(onFulfilled, onRejected);
  }

  catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<T | R> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return thenFinally(this, onFinally);
  }

  [Symbol.iterator](): Iterator<never, T> {
    return new Ended(this.#value);
  }

  get [Symbol.toStringTag](): string {
    return 'Settled';
  }
}

/** An iterator that yields nothing and returns `value`. */
class Ended<T> implements Iterator<never, T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  next(): IteratorReturnResult<T> {
    return { done: true, value: this.#value };
  }
}

function settledForBoth<T>(value: T): Awaitable<T> {
  const awaitable = Promise.resolve(value) as Awaitable<T>; // on the next line
  awaitable[Symbol.iterator] = () => new Ended(value);
  return awaitable;
}

/**
 * What a coroutine method returns when there was nothing to wait for and there is nothing to tell, or just true. One for all:
 * nobody can tell them apart.
 */
export const SETTLED: Awaitable<void> = settledForBoth(undefined);
export const SETTLED_TRUE: Awaitable<true> = settledForBoth(true);
