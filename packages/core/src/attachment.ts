import type { Awaiter } from './awaiter.js';
import type { Future } from './future.js';
import { ADD_WAITER, ENQUEUE, IS_AWAITED, REMOVE_WAITER } from './loop-internals.js';
import type { Offer } from './offer.js';
import { promiseWithResolvers } from './promise-with-resolvers.js';
import { type Ready, RUN } from './ready-queue.js';

/** A function of the engine that settles a promise. */
export type Resolver = (value: unknown) => unknown;

/** The functions that the engine passes to `then`. */
export interface Reactions {
  readonly onFulfilled: Resolver;
  readonly onRejected: Resolver;
}

/** The latest attachment. The attachments of one combinator call are made one right after the other. */
let latest: Attachment | null = null;

/**
 * Passes the outcome of a future on to the engine, for a combinator or for a promise that follows the future. It does
 * so when the future's turn in the ready queue comes, so that an await of the promise continues right after the batch.
 *
 * The functions that the engine passes to `then` tell which combinator it is: a race passes the same two for all its
 * futures, `all` the same second one, `any` the same first one. With only one future they tell nothing.
 */
export class Attachment implements Ready {
  readonly future: Future<unknown>;
  readonly isCombined: boolean;
  readonly #awaiter: Awaiter | null;
  readonly #onFulfilled: Resolver;
  readonly #onRejected: Resolver;
  /** All attachments of the same combinator call, this one included. */
  readonly #siblings: Attachment[];
  /** Whether the combinator is decided, or this attachment has passed on the outcome. */
  isOver = false;
  /** How many awaits its awaiter had begun when this was attached. */
  begunBefore = 0;
  /** Whether one of those awaits was in progress then. If so, several functions of the awaiter run side by side. */
  isBesideAwait = false;
  #offer: Offer | null = null;
  readonly #result = promiseWithResolvers<unknown>();

  /**
   * @param isCombined whether a combinator called `then`. Otherwise a promise was resolved with the future, for example
   *   by an async function that returns it. That promise has the same outcome as the future
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

  /** What `then` returns. */
  get result(): Promise<unknown> {
    return this.#result.promise;
  }

  get onBehalfOf(): unknown {
    return this.#awaiter?.task;
  }

  get settlesPromise(): true {
    return true;
  }

  /** Offers a cancellation to the code that waits here, in the next iteration. */
  offer(offer: Offer): void {
    this.#offer = offer;
    const { future } = this;
    if (future.done()) return; // it is already in the ready queue
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
      if (!future[IS_AWAITED]) future.cancel(offer.message); // nobody else needs it
    } else if (future.done()) this.#tell();
    else future[ADD_WAITER](this); // another wait has thrown the cancellation meanwhile
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

  /** Ends this attachment, and those of its combinator that are decided by it. */
  #endWith(isDecided: (other: Attachment) => boolean): void {
    for (const other of this.#siblings) if (other !== this && isDecided(other)) other.#end();
    this.#end();
  }

  #end(): void {
    this.isOver = true;
    if (latest === this) latest = null; // it would keep the task alive
    this.#awaiter?.detach(this);
  }
}
