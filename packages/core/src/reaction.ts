import type { Awaiter } from './current-task.js';
import type { Future } from './future.js';
import { promiseWithResolvers } from './promise-with-resolvers.js';
import { type Ready, RUN } from './ready-queue.js';

/** A future as a promise, for who awaits it: settled when the future's turn in the ready queue comes. */
export class Reaction<T> implements Ready {
  readonly #future: Future<T>;
  readonly #awaiter: Awaiter | null;
  readonly #result = promiseWithResolvers<T>();

  constructor(future: Future<T>, awaiter: Awaiter | null) {
    this.#future = future;
    this.#awaiter = awaiter;
  }

  get promise(): Promise<T> {
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
      if (overruled === null) this.#result.resolve(value);
      else this.#result.reject(overruled);
    } catch (thrown) {
      this.#result.reject(overruled ?? thrown);
    }
  }
}
