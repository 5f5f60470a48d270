import type { Awaiter } from './current-task.js';
import type { Future } from './future.js';
import { promiseWithResolvers } from './promise-with-resolvers.js';
import { type Ready, RUN } from './ready-queue.js';

/** What `future.then()` waits with: when the future is done, its turn in the ready queue settles a promise. */
export class Reaction<T, R1, R2> implements Ready {
  readonly #future: Future<T>;
  readonly #awaiter: Awaiter | null;
  readonly #onFulfilled: ((value: T) => R1 | PromiseLike<R1>) | null | undefined;
  readonly #onRejected: ((reason: unknown) => R2 | PromiseLike<R2>) | null | undefined;
  readonly #result = promiseWithResolvers<R1 | R2>();

  constructor(
    future: Future<T>,
    awaiter: Awaiter | null,
    onFulfilled: ((value: T) => R1 | PromiseLike<R1>) | null | undefined,
    onRejected: ((reason: unknown) => R2 | PromiseLike<R2>) | null | undefined,
  ) {
    this.#future = future;
    this.#awaiter = awaiter;
    this.#onFulfilled = onFulfilled;
    this.#onRejected = onRejected;
  }

  get promise(): Promise<R1 | R2> {
    return this.#result.promise;
  }

  get onBehalfOf(): unknown {
    return this.#awaiter;
  }

  [RUN](): void {
    // What the await throws whatever the outcome is: its task was cancelled after the future was done.
    const overruled = this.#awaiter?.endWait(this.#future) ?? null;
    try {
      // The reactions of an await are native resolvers: called here, the function goes on right after this iteration.
      this.#result.resolve(this.#react(overruled));
    } catch (thrown) {
      this.#result.reject(thrown);
    }
  }

  #react(overruled: Error | null): R1 | R2 | PromiseLike<R1 | R2> {
    let value: T;
    try {
      value = this.#future.result();
      if (overruled !== null) throw overruled;
    } catch (thrown) {
      const reason = overruled ?? thrown;
      if (!this.#onRejected) throw reason;
      return this.#onRejected(reason);
    }
    return this.#onFulfilled ? this.#onFulfilled(value) : (value as unknown as R1); // without a reaction, R1 is T
  }
}
