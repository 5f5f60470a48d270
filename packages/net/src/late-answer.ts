import type { Future } from '@ringloop/core';
import type { NetLoop } from './loop-net.js';

/** An answer that comes from outside of the loop. It is dropped when nobody waits any more: after a cancellation, or once the loop is closed. */
export class LateAnswer<T> {
  /** Await it. */
  readonly future: Future<T>;
  readonly #loop: NetLoop;

  constructor(loop: NetLoop) {
    this.#loop = loop;
    this.future = loop.createFuture<T>();
  }

  resolve(result: T): void {
    if (this.#isAwaited) this.future.setResult(result);
  }

  reject(error: Error): void {
    if (this.#isAwaited) this.future.setException(error);
  }

  get #isAwaited(): boolean {
    return !this.future.done() && !this.#loop.isClosed();
  }
}
