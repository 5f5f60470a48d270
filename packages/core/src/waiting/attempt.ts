import { currentTask } from '../current-task.js';
import { asCancellation, messageOf, toError } from '../errors.js';
import type { BaseEventLoop } from '../event-loop.js';
import { Future } from '../future.js';
import { Handle } from '../handle.js';
import { ENQUEUE } from '../loop-internals.js';
import { type Ready, RUN } from '../ready-queue.js';

/** What an attempt returns if it must be made again when more has happened. */
export const PENDING: unique symbol = Symbol('pending');

/**
 * A coroutine of the library that waits for one thing, perhaps several times, and between its waits runs no code of
 * users: `reader.read()` waits for data. It keeps the iterations of such a coroutine in CPython: `tryAgain()` queues it,
 * its turn makes the attempt, and code that waits for it continues in that very turn. A cancellation is thrown in a turn
 * of its own, too, and takes nothing.
 *
 * A generator with `startCoroutine()` does the same and may run anything, but costs three times as much.
 */
export class Attempt<T> extends Future<T> implements Ready {
  static override readonly name = 'Future';
  readonly #attempt: () => T | typeof PENDING;
  /** Whom the debug mode blames for a slow turn. */
  readonly #owner: unknown;
  #isQueued = false;
  #failure: Error | null = null;
  #cancellation: { readonly message: string | undefined } | null = null;

  /**
   * @param attempt returns the result, throws, or returns PENDING after it has seen to it that `tryAgain()` is called. It
   * is not made now, but for the first time after `tryAgain()`.
   */
  constructor(loop: BaseEventLoop, attempt: () => T | typeof PENDING) {
    super(loop);
    this.#attempt = attempt;
    this.#owner = loop.getDebug() ? currentTask() : undefined;
  }

  get onBehalfOf(): unknown {
    return this.#owner;
  }

  /** Makes the attempt in the next iteration, or throws `failure` there. */
  tryAgain(failure: Error | null = null): void {
    if (this.#isQueued || this.done()) return; // it is cancelled, and that comes first
    this.#failure = failure;
    this.#queue();
  }

  override cancel(message?: string): boolean {
    if (this.done()) return this.refuseCancel();
    this.#cancellation = { message };
    if (!this.#isQueued) this.#queue();
    return true;
  }

  /** @internal */
  [RUN](): void {
    this.#isQueued = false;
    if (this.#cancellation !== null) {
      this.settle('cancelled', this.#cancellation.message);
      return;
    }
    let outcome: T | typeof PENDING;
    try {
      if (this.#failure !== null) throw this.#failure;
      outcome = this.#attempt();
    } catch (thrown) {
      const cancellation = asCancellation(thrown);
      if (cancellation === null) this.settle('failed', toError(thrown));
      else this.settle('cancelled', messageOf(cancellation));
      return;
    }
    if (outcome !== PENDING) this.settle('finished', outcome);
  }

  /** Waiters continue right here, except callbacks, which always go through the ready queue. */
  protected override wake(waiter: Ready): void {
    if (waiter instanceof Handle) this.getLoop()[ENQUEUE](waiter);
    else waiter[RUN]();
  }

  #queue(): void {
    this.#isQueued = true;
    this.getLoop()[ENQUEUE](this);
  }
}
