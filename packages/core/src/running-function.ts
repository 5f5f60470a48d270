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
 * An async function of the library, or of a block, that has begun: for methods that are coroutines in asyncio. It belongs to the
 * task that called it, and to cancel it cancels what it awaits, as with a coroutine in Python. It is a future, which whoever
 * holds it can cancel: a task that awaits it, `waitFor()`, `gather()`, a generator coroutine.
 */
export class RunningFunction<T> extends Future<T> {
  static override readonly name = 'Future';
  readonly #awaiter: Awaiter;
  readonly #discard: Discard<T> | null;
  readonly #caller: WaitingCode | null = currentAwaiter() ?? currentDriver();
  /** Who waits for it, and has asked it to stop: what is not delivered here, is thrown there. */
  #askedBy: WaitingCode | null = null;
  /** What cancel() aborts, for who gives an AbortSignal to a part of it. @internal */
  readonly [ABORTS] = new Set<AbortController>();

  /**
   * @param fn begins now
   * @param discard closes what `fn` has made when nobody will get it
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

  /** Whose awaits those of the function are. */
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

  /** An async function that waits for it goes on right where it ends, as behind an `await` in Python. */
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
      // Errors go first; what was cancelled around it learns so at its next wait.
      if (late !== null) (this.#askedBy ?? this.#caller)?.postponeCancellation(late);
    }
    if (isHeard || !endsTheLoop(thrown)) return;
    this.retrieve();
    this.getLoop()[END_RUN](thrown);
  }
}

/** What `startFunction()` can be told. */
export interface StartOptions<T> {
  /** Whose coroutine it is; by default the running loop's. Outside of a running loop the function is just called. */
  readonly loop?: BaseEventLoop | null;
  /** Closes what the function has made where it is cancelled so late that nobody will get it. */
  readonly discard?: Discard<T>;
}

/** Runs an async function as a coroutine of the library, now: `return startFunction(() => this.#connect(…))`. */
export function startFunction<T>(
  fn: () => Promise<T>,
  { loop = peekRunningLoop(), discard: how }: StartOptions<T> = {},
): Awaitable<T> {
  return loop === null ? iterablePromise(fn()) : new RunningFunction(loop, fn, how ?? null);
}
