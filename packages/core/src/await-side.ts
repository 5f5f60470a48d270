import type { Awaiter } from './awaiter.js';
import type { Future } from './future.js';
import { SETTLE_PROMISE } from './loop-internals.js';
import { type Ready, RUN } from './ready-queue.js';

/** The awaits of a future, in its place among the future's waiters: when its turn comes, the promise is settled. */
export class AwaitSide implements Ready {
  readonly #future: Future<unknown>;
  /** How many awaits there are; some may be outside of all tasks. */
  #count = 0;
  /** One was taken back: it need not be so that those that are left are all, or that any is. */
  isDoubtful = false;
  /** Whose they are: mostly one's. */
  #awaiters: Awaiter | Awaiter[] | null = null;

  constructor(future: Future<unknown>) {
    this.#future = future;
  }

  /** For debug mode: the tasks that go on. */
  get onBehalfOf(): unknown {
    return this.awaiters().map(({ task }) => task);
  }

  /** It does nothing but to settle a promise. */
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

  /** Whose await it is, where there is only one. */
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

  /** What looked like an await was none, most likely. */
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
