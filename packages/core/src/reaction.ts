import type { Awaiter } from './current-task.js';
import type { Future } from './future.js';
import { promiseWithResolvers } from './promise-with-resolvers.js';
import { type Ready, RUN } from './ready-queue.js';

type OnFulfilled<T, R> = ((value: T) => R | PromiseLike<R>) | null;
type OnRejected<R> = ((reason: unknown) => R | PromiseLike<R>) | null;

/** A future as a promise, for who awaits it: settled when the future's turn in the ready queue comes. */
export class Reaction<T, R1 = T, R2 = never> implements Ready {
  readonly #future: Future<T>;
  readonly #awaiter: Awaiter | null;
  readonly #onFulfilled: OnFulfilled<T, R1>;
  readonly #onRejected: OnRejected<R2>;
  readonly #result = promiseWithResolvers<T | R1 | R2>();

  /** With reactions, which must be native resolvers, those are called in that turn: an await goes on right after the batch. */
  constructor(
    future: Future<T>,
    awaiter: Awaiter | null,
    onFulfilled: OnFulfilled<T, R1> = null,
    onRejected: OnRejected<R2> = null,
  ) {
    this.#future = future;
    this.#awaiter = awaiter;
    this.#onFulfilled = onFulfilled;
    this.#onRejected = onRejected;
  }

  get promise(): Promise<T | R1 | R2> {
    return this.#result.promise;
  }

  get onBehalfOf(): unknown {
    return this.#awaiter;
  }

  [RUN](): void {
    // What the await throws whatever the outcome is: its task was cancelled after the future was done.
    const overruled = this.#awaiter?.endWait(this.#future) ?? null;
    try {
      const value = this.#future.result();
      if (overruled !== null) this.#reject(overruled);
      else this.#result.resolve(this.#onFulfilled === null ? value : this.#onFulfilled(value));
    } catch (thrown) {
      this.#reject(overruled ?? thrown);
    }
  }

  #reject(reason: unknown): void {
    if (this.#onRejected === null) this.#result.reject(reason);
    else this.#result.resolve(this.#onRejected(reason));
  }
}
