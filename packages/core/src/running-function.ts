import { abort } from './abort.js';
import type { Awaitable } from './awaitable.js';
import { Awaiter } from './awaiter.js';
import { whoAsks, type WaitingCode } from './cancel-for.js';
import { currentAwaiter, currentTask, runAs } from './current-task.js';
import { discard, type Discard, keepFor } from './discarding.js';
import { asCancellation, cancelledError, endsTheLoop, messageOf } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { Future } from './future.js';
import { currentDriver } from './generator-driver.js';
import { ABORTS, END_RUN, WAITS } from './loop-internals.js';
import { iterablePromise } from './waiting/iterable-promise.js';
import type { Ready } from './ready-queue.js';
import { peekRunningLoop } from './running-loop.js';

/**
 * A running async function of the library or of a block, for methods that are coroutines in asyncio. It belongs to the
 * task that called it. Cancelling it cancels what it awaits, as with a coroutine in Python. It is a future, so that all
 * code that waits for it can cancel it: a task that awaits it, `waitFor()`, `gather()`, a generator coroutine.
 */
export class RunningFunction<T> extends Future<T> {
  static override readonly name = 'Future';
  readonly #awaiter: Awaiter;
  readonly #discard: Discard<T> | null;
  readonly #caller: WaitingCode | null = currentAwaiter() ?? currentDriver();
  /** The waiting code that has cancelled it. A cancellation that is not delivered in the function is thrown there. */
  #askedBy: WaitingCode | null = null;
  /** The controllers that cancel() aborts. A part of the function has passed on their AbortSignals. @internal */
  readonly [ABORTS] = new Set<AbortController>();

  /**
   * @param fn starts now
   * @param discard closes what `fn` has made if nobody will get it
   */
  constructor(loop: BaseEventLoop, fn: () => PromiseLike<T>, discard: Discard<T> | null = null) {
    super(loop);
    this.#discard = discard;
    this.#awaiter = new Awaiter(this, currentTask(), { block: currentAwaiter()?.block ?? null });
    runAs(this.#awaiter, fn).then(
      (value) => this.#finish(value),
      (thrown: unknown) => this.#fail(thrown),
    );
  }

  /** The owner of the function's awaits. */
  get awaiter(): Awaiter {
    return this.#awaiter;
  }

  override cancel(message?: string): boolean {
    if (this.done()) return this.refuseCancel();
    this.#askedBy = whoAsks();
    this.#awaiter.deliver(message);
    for (const controller of this[ABORTS]) abort(controller, cancelledError(message));
    return true;
  }

  /** @internal */
  override [WAITS](): Future<unknown>[] {
    return this.#awaiter.waits();
  }

  /** Waiting async functions continue right where it ends, as behind an `await` in Python. */
  protected override wake(waiter: Ready): void {
    this.wakeAtOnce(waiter);
  }

  #finish(value: T): void {
    if (this.#discard !== null) keepFor(value, this.#discard);
    const late = this.#awaiter.takeCancellation();
    if (late !== null && this.#askedBy === null) {
      discard(value);
      this.settle('cancelled', messageOf(late));
      return;
    }
    this.settle('finished', value);
    if (late !== null) this.#askedBy?.postponeCancellation(late);
  }

  #fail(thrown: unknown): void {
    const late = this.#awaiter.takeCancellation();
    const isHeard = this.hasWaiters;
    const cancellation = asCancellation(thrown);
    if (cancellation !== null) this.settle('cancelled', messageOf(cancellation));
    else {
      this.settle('failed', thrown);
      // The error is thrown first. The next wait of the code around it throws the cancellation.
      if (late !== null) (this.#askedBy ?? this.#caller)?.postponeCancellation(late);
    }
    if (isHeard || !endsTheLoop(thrown)) return;
    this.retrieve();
    this.getLoop()[END_RUN](thrown);
  }
}

/** Options of `startFunction()`. */
export interface StartOptions<T> {
  /** The loop of the coroutine, by default the running one. If there is no loop, the function is just called. */
  readonly loop?: BaseEventLoop | null;
  /** Closes what the function has made, if it is cancelled so late that nobody will get it. */
  readonly discard?: Discard<T>;
}

/** Starts an async function as a coroutine of the library: `return startFunction(() => this.#connect(…))`. */
export function startFunction<T>(
  fn: () => Promise<T>,
  { loop = peekRunningLoop(), discard: how }: StartOptions<T> = {},
): Awaitable<T> {
  return loop === null ? iterablePromise(fn()) : new RunningFunction(loop, fn, how ?? null);
}
