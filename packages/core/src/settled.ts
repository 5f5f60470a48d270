import type { Awaitable } from './awaitable.js';
import { currentAwaiter } from './current-task.js';
import { isPromiseLike } from './is-promise-like.js';
import { Thenable } from './thenable.js';

/**
 * An Awaitable of `value`. It needs no loop, like a Python `await` that does not have to wait.
 *
 * Awaiting a native promise is twice as fast as awaiting any other object. But for a generator coroutine, making a
 * promise takes twenty times longer than not making one. So the kind of the Awaitable depends on the caller. Both kinds
 * work with `await` and with `yield*`.
 */
export function settled<T>(value: T): Awaitable<T> {
  // No native promise for a promise-like value: it would wait for the value at once, and report its
  // rejection even if nobody awaits.
  if (currentAwaiter() === null || isPromiseLike(value)) return new Settled(value);
  return settledForBoth(value);
}

/** An Awaitable whose value `yield*` takes without making a promise. */
class Settled<T> extends Thenable<T> {
  readonly #value: T;

  constructor(value: T) {
    super();
    this.#value = value;
  }

  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    return Promise.resolve(this.#value).then(onFulfilled, onRejected);
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
  const awaitable = Promise.resolve(value) as Awaitable<T>; // the next line adds the iterator
  awaitable[Symbol.iterator] = () => new Ended(value);
  return awaitable;
}

/**
 * The Awaitables of coroutine methods that did not have to wait, and that give nothing or true. They are shared,
 * because nobody can tell them apart.
 */
export const SETTLED: Awaitable<void> = settledForBoth(undefined);
export const SETTLED_TRUE: Awaitable<true> = settledForBoth(true);
