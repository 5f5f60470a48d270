import { type Awaitable, thenFinally } from './awaitable.js';

/** An awaitable that is no promise itself: its subclass says what `then()` and delegation do. */
export abstract class Thenable<T> implements Awaitable<T> {
  abstract then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2>;

  catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<T | R> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return thenFinally(this, onFinally);
  }

  abstract [Symbol.iterator](): Iterator<unknown, T, unknown>;
  abstract get [Symbol.toStringTag](): string;
}
