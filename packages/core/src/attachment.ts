import type { Awaiter } from './awaiter.js';
import type { Future } from './future.js';
import { ADD_WAITER, ENQUEUE, IS_AWAITED, REMOVE_WAITER } from './loop-internals.js';
import type { Offer } from './offer.js';
import { promiseWithResolvers } from './promise-with-resolvers.js';
import { type Ready, RUN } from './ready-queue.js';

/** A function of the engine that settles a promise. */
export type Resolver = (value: unknown) => unknown;

/** What the engine gives to `then`. */
export interface Reactions {
  readonly onFulfilled: Resolver;
  readonly onRejected: Resolver;
}

/** The attachments of one call of a combinator, which come one right after the other. */
let latest: Attachment | null = null;

/**
 * The engine wants to be told how a future ends: a combinator, or a promise that follows the future. It is told when the
 * future's turn in the ready queue comes, so that an await behind it goes on right after the batch.
 *
 * Which combinator it is, the functions that it gives tell: a race gives the same two for all its futures, `all` the same second
 * one, `any` the same first one. With one future alone they tell nothing.
 */
export class Attachment implements Ready {
  readonly future: Future<unknown>;
  readonly isCombined: boolean;
  readonly #awaiter: Awaiter | null;
  readonly #onFulfilled: Resolver;
  readonly #onRejected: Resolver;
  /** All attachments of the same combinator. */
  readonly #siblings: Attachment[];
  /** The combinator is decided, or this one was told. */
  isOver = false;
  /** How many awaits its awaiter had begun when it was made. */
  begunBefore = 0;
  /** Whether one of them was under way then: its awaiter's functions run side by side. */
  isBesideAwait = false;
  #offer: Offer | null = null;
  readonly #result = promiseWithResolvers<unknown>();

  /**
   * @param isCombined by a combinator. Otherwise a promise was resolved with the future, by an async function that returns it for
   *   example, and has no other outcome than the future's
   */
  constructor(
    future: Future<unknown>,
    awaiter: Awaiter | null,
    { onFulfilled, onRejected }: Reactions,
    isCombined: boolean,
  ) {
    this.future = future;
    this.isCombined = isCombined;
    this.#awaiter = awaiter;
    this.#onFulfilled = onFulfilled;
    this.#onRejected = onRejected;
    const isSibling =
      latest !== null &&
      !latest.isOver &&
      (latest.#onFulfilled === onFulfilled || latest.#onRejected === onRejected);
    this.#siblings = isSibling && latest !== null ? latest.#siblings : [];
    this.#siblings.push(this);
    latest = this; // eslint-disable-line @typescript-eslint/no-this-alias -- until the next one
    awaiter?.attach(this);
    future[ADD_WAITER](this);
  }

  /** As of `then`. */
  get result(): Promise<unknown> {
    return this.#result.promise;
  }

  get onBehalfOf(): unknown {
    return this.#awaiter?.task;
  }

  /** It does nothing but to settle a promise. */
  get settlesPromise(): true {
    return true;
  }

  /** A cancellation for whoever waits here, in the next iteration. */
  offer(offer: Offer): void {
    this.#offer = offer;
    const { future } = this;
    if (future.done()) return; // it stands in the ready queue
    future[REMOVE_WAITER](this);
    future.getLoop()[ENQUEUE](this);
  }

  [RUN](): void {
    const offer = this.#offer;
    this.#offer = null;
    const { future } = this;
    if (offer?.stands === true) {
      this.#end();
      offer.make(this.#onRejected);
      this.#result.resolve(undefined);
      if (!future[IS_AWAITED]) future.cancel(offer.message); // nobody else waits for it: it would go on for nothing
    } else if (future.done()) this.#tell();
    else future[ADD_WAITER](this); // its awaiter has heard of the cancellation elsewhere meanwhile
  }

  #tell(): void {
    let value: unknown;
    try {
      value = this.future.result();
    } catch (thrown) {
      this.#endWith((other) => other.#onRejected === this.#onRejected);
      this.#result.resolve(this.#onRejected(thrown));
      return;
    }
    this.#endWith((other) => other.#onFulfilled === this.#onFulfilled);
    this.#result.resolve(this.#onFulfilled(value));
  }

  /** It is over, and so are those of its combinator that `isDecided` by it. */
  #endWith(isDecided: (other: Attachment) => boolean): void {
    for (const other of this.#siblings) if (other !== this && isDecided(other)) other.#end();
    this.#end();
  }

  #end(): void {
    this.isOver = true;
    if (latest === this) latest = null; // it would keep the task, with all that this has
    this.#awaiter?.detach(this);
  }
}
