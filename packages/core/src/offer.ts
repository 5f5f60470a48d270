import { inspect } from 'node:util';
import { promiseHooks } from 'node:v8';
import type { Attachment } from './attachment.js';
import type { Awaiter } from './awaiter.js';
import { type CancelledError, messageOf } from './errors.js';
import { ENQUEUE } from './loop-internals.js';
import { type Ready, RUN } from './ready-queue.js';
import { expectUnhandled } from './unhandled-cancellations.js';

/** What an offer knows when it is made. */
interface OfferState {
  /** An await has got the cancellation. */
  readonly reached: boolean;
  /** What was attached before the last await had begun. */
  readonly earlier: readonly Attachment[];
}

/**
 * A cancellation on its way to what is attached to futures. Nobody can see whether a function awaits the promise of a
 * `Promise.race()`, has put it aside, or has left it long ago. So those attached last are asked first, all in one iteration.
 * Those attached earlier are asked only if nothing came of it: nobody was reached at all, or whoever was reached has not made
 * the function go on (it was a helper beside it). What is rejected in vain because it is over already, the engine tells.
 */
export class Offer implements Ready {
  readonly #awaiter: Awaiter;
  readonly #error: CancelledError;
  readonly #reached: boolean;
  #earlier: readonly Attachment[];
  /** How many awaits had begun when it was made. */
  readonly #begun: number;
  /** Somebody has taken it. */
  #isDelivered = false;
  /** An iteration has passed since somebody was reached. */
  #waited = false;

  constructor(awaiter: Awaiter, error: CancelledError, { reached, earlier }: OfferState) {
    this.#awaiter = awaiter;
    this.#error = error;
    this.#reached = reached;
    this.#earlier = earlier;
    this.#begun = awaiter.begun;
  }

  get message(): string | undefined {
    return messageOf(this.#error);
  }

  /** Whether it is still to be made: the next await may have thrown the cancellation already. */
  get stands(): boolean {
    return this.#reached || this.#isDelivered || this.#awaiter.owes(this.#error);
  }

  /** Rejects a promise, if it is pending. */
  make(reject: (error: unknown) => unknown): void {
    const came = settlingOf(() => reject(this.#error));
    if (came === 'rejected') this.#delivered();
    // Promise.allSettled() takes it for a result: then its function goes on, and is to hear of it at its next await.
    else if (came === 'fulfilled' && this.#reached) this.#awaiter.postponeCancellation(this.#error);
  }

  #delivered(): void {
    const error = this.#error;
    this.#isDelivered = true;
    this.#awaiter.settleCancellation(error);
    if (this.#reached) return;
    // Unless nobody awaits that promise.
    expectUnhandled(error, () => this.#awaiter.postponeCancellation(error));
  }

  [RUN](): void {
    const earlier = this.#earlier.filter((attachment) => !attachment.isOver);
    if (earlier.length === 0 || this.#isDelivered || !this.stands || this.#awaiter.owner.done()) return;
    if (this.#awaiter.begun !== this.#begun) return; // it goes on: it was reached
    const loop = this.#awaiter.owner.getLoop();
    if (this.#reached && !this.#waited) this.#waited = true;
    else {
      for (const attachment of earlier) attachment.offer(this);
      this.#earlier = [];
    }
    loop[ENQUEUE](this);
  }
}

/** How the promise ends that `settle` settles; null where it had ended before. */
function settlingOf(settle: () => void): 'fulfilled' | 'rejected' | null {
  const settled: Promise<unknown>[] = [];
  const stop = promiseHooks.onSettled((promise) => settled.push(promise)) as () => void;
  try {
    settle();
  } finally {
    stop();
  }
  const [promise] = settled;
  if (promise === undefined) return null;
  return inspect(promise, { depth: 0 }).includes('<rejected>') ? 'rejected' : 'fulfilled';
}
