import type { Awaiter } from './awaiter.js';
import type { Future } from './future.js';
import { SETTLE_PROMISE } from './loop-internals.js';
import { type Ready, RUN } from './ready-queue.js';

/**
 * Stands for the awaits of a future among the future's waiters. When its turn comes, it settles the future's promise.
 */
export class AwaitSide implements Ready {
  readonly #future: Future<unknown>;
  /** How many awaits there are. Some of them may be outside of all tasks. */
  #count = 0;
  /** An await was taken back. Since then the awaits that are left may not be all, and may not be awaits. */
  isDoubtful = false;
  /** The awaiters whose functions await the future. Usually there is only one. */
  #awaiters: Awaiter | Awaiter[] | null = null;

  constructor(future: Future<unknown>) {
    this.#future = future;
  }

  /** The tasks that continue. For debug mode. */
  get onBehalfOf(): unknown {
    return this.awaiters().map(({ task }) => task);
  }

  get settlesPromise(): true {
    return true;
  }

  get count(): number {
    return this.#count;
  }

  awaiters(): readonly Awaiter[] {
    if (this.#awaiters === null) return [];
    return Array.isArray(this.#awaiters) ? this.#awaiters : [this.#awaiters];
  }

  /** The awaiter of the only await, or null if there are several awaits or none. */
  get onlyAwaiter(): Awaiter | null {
    return this.#count === 1 && !this.isDoubtful && !Array.isArray(this.#awaiters) ? this.#awaiters : null;
  }

  begin(awaiter: Awaiter | null): void {
    this.#count++;
    if (awaiter === null) return;
    if (this.#awaiters === null) this.#awaiters = awaiter;
    else if (Array.isArray(this.#awaiters)) this.#awaiters.push(awaiter);
    else this.#awaiters = [this.#awaiters, awaiter];
    awaiter.beginAwait(this.#future);
  }

  /** Takes back an await: most likely, what looked like one was not an await. */
  takeBack(awaiter: Awaiter | null): void {
    this.#count--;
    this.isDoubtful = true;
    const others = [...this.awaiters()];
    const at = awaiter === null ? -1 : others.lastIndexOf(awaiter);
    if (at >= 0) others.splice(at, 1);
    this.#awaiters = others.length > 1 ? others : (others[0] ?? null);
    awaiter?.takeBackAwait(this.#future, !others.includes(awaiter));
  }

  [RUN](): void {
    this.#future[SETTLE_PROMISE]();
  }
}
