import { inspect } from 'node:util';
import { promiseHooks } from 'node:v8';
import type { Attachment } from './attachment.js';
import type { Awaiter } from './awaiter.js';
import { type CancelledError, messageOf } from './errors.js';
import { ENQUEUE } from './loop-internals.js';
import { type Ready, RUN } from './ready-queue.js';
import { expectUnhandled } from './unhandled-cancellations.js';

/** The initial state of an offer. */
interface OfferState {
  /** Whether an await has got the cancellation. */
  readonly reached: boolean;
  /** The attachments that were made before the last await began. */
  readonly earlier: readonly Attachment[];
}

/**
 * Offers a cancellation to attachments. Nobody can see whether a function awaits the promise of a `Promise.race()`,
 * has put it aside, or has left it long ago. So the latest attachments are asked first, all in one iteration.
 * Earlier ones are asked only if that had no effect: if nobody was reached, or if the function did not continue,
 * because the await that was reached belonged to a helper beside it. If a promise is already settled, the engine
 * tells that the rejection was in vain.
 */
export class Offer implements Ready {
  readonly #awaiter: Awaiter;
  readonly #error: CancelledError;
  readonly #reached: boolean;
  #earlier: readonly Attachment[];
  /** How many awaits had begun when this offer was made. */
  readonly #begun: number;
  /** Whether a promise was rejected with the cancellation. */
  #isDelivered = false;
  /** Whether an iteration has passed since an await was reached. */
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

  /** Whether the offer is still open: the next await may have thrown the cancellation already. */
  get stands(): boolean {
    return this.#reached || this.#isDelivered || this.#awaiter.owes(this.#error);
  }

  /** Offers the cancellation to a promise: rejects it if it is pending. */
  make(reject: (error: unknown) => unknown): void {
    const came = settlingOf(() => reject(this.#error));
    if (came === 'rejected') this.#delivered();
    // Promise.allSettled() takes the rejection for a result. Then its function continues, and must get the
    // cancellation at its next await.
    else if (came === 'fulfilled' && this.#reached) this.#awaiter.postponeCancellation(this.#error);
  }

  #delivered(): void {
    const error = this.#error;
    this.#isDelivered = true;
    this.#awaiter.settleCancellation(error);
    if (this.#reached) return;
    // If nobody awaits that promise, the next await must throw the cancellation.
    expectUnhandled(error, () => this.#awaiter.postponeCancellation(error));
  }

  [RUN](): void {
    const earlier = this.#earlier.filter((attachment) => !attachment.isOver);
    if (earlier.length === 0 || this.#isDelivered || !this.stands || this.#awaiter.owner.done()) return;
    if (this.#awaiter.begun !== this.#begun) return; // its function continues, so it was reached
    const loop = this.#awaiter.owner.getLoop();
    if (this.#reached && !this.#waited) this.#waited = true;
    else {
      for (const attachment of earlier) attachment.offer(this);
      this.#earlier = [];
    }
    loop[ENQUEUE](this);
  }
}

/** How the promise that `settle` settles has ended, or null if it was settled before. */
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
