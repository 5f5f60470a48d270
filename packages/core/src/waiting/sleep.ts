import type { Awaitable } from '../awaitable.js';
import type { Awaiter } from '../awaiter.js';
import { checkTime } from '../check-callback.js';
import { currentAwaiter } from '../current-task.js';
import type { BaseEventLoop } from '../event-loop.js';
import { Future } from '../future.js';
import { currentDriver } from '../generator-driver.js';
import { iterablePromise } from './iterable-promise.js';
import { ENQUEUE } from '../loop-internals.js';
import { promiseWithResolvers } from '../promise-with-resolvers.js';
import { type Ready, RUN } from '../ready-queue.js';
import { getRunningLoop } from '../running-loop.js';
import type { TimerHandle } from '../timer-handle.js';
import { expectUnhandled } from '../unhandled-cancellations.js';
import { Thenable } from '../thenable.js';

/**
 * Waits `delay` seconds and gives `result`. With a delay of 0 or less, every other callback that is ready runs once
 * before this returns. Python: asyncio.sleep().
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 * @throws {TypeError} when `delay` is not a number, or is NaN
 */
export function sleep(delay: number): Awaitable<void>;
export function sleep<T>(delay: number, result: T): Awaitable<T>;
export function sleep<T>(delay: number, result?: T): Awaitable<T | undefined> {
  checkTime(delay, 'delay');
  const loop = getRunningLoop();
  if (delay > 0) return new Sleep(loop, delay, result);
  const awaiter = currentAwaiter();
  if (awaiter === null || currentDriver() !== null) return new BareYield(loop, result);
  // An async function gets a native promise: awaiting any other promise takes twice as long.
  const wakeUp = new WakeUp(awaiter, loop, result);
  loop[ENQUEUE](wakeUp);
  return wakeUp.awaitable;
}

/** A future that a timer settles. */
class Sleep<T> extends Future<T> {
  readonly #timer: TimerHandle;

  constructor(loop: BaseEventLoop, delay: number, result: T) {
    super(loop);
    this.#timer = loop.callLater(delay, () => {
      if (!this.done()) this.setResult(result);
    });
  }

  override cancel(message?: string): boolean {
    this.#timer.cancel(); // a cancelled sleep leaves no timer behind
    return super.cancel(message);
  }
}

/**
 * `sleep(0)` for generator coroutines. It is a bare `yield`, which continues in the next iteration; waiting for a
 * future would take one iteration more. It starts when somebody waits for it.
 */
class BareYield<T> extends Thenable<T> {
  readonly #loop: BaseEventLoop;
  readonly #value: T;

  constructor(loop: BaseEventLoop, value: T) {
    super();
    this.#loop = loop;
    this.#value = value;
  }

  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    return new NextIteration(this.#loop, this.#value).then(onFulfilled, onRejected);
  }

  *[Symbol.iterator](): Generator<undefined, T> {
    yield;
    return this.#value;
  }

  get [Symbol.toStringTag](): string {
    return 'NextIteration';
  }
}

/**
 * `sleep(0)` for an `await` in an async function. An `await` of a native promise does not call its `then`. Everybody
 * else, a combinator for example, does call `then` and gets that of a future. So only an `await` ever waits for this
 * promise.
 */
class WakeUp<T> implements Ready {
  readonly #awaiter: Awaiter;
  readonly #loop: BaseEventLoop;
  readonly #value: T;
  readonly #result = promiseWithResolvers<T>();
  #future: NextIteration<T> | null = null;

  constructor(awaiter: Awaiter, loop: BaseEventLoop, value: T) {
    this.#awaiter = awaiter;
    this.#loop = loop;
    this.#value = value;
  }

  get awaitable(): Awaitable<T> {
    const awaitable = iterablePromise(this.#result.promise) as Marked<T>; // the next lines add the mark and `then`
    awaitable[WAKE_UP] = this;
    awaitable.then = thenOfFuture;
    return awaitable;
  }

  /** The future that a caller of `then` waits for. */
  get future(): Future<T> {
    return (this.#future ??= new NextIteration(this.#loop, this.#value));
  }

  get onBehalfOf(): unknown {
    return this.#awaiter.task;
  }

  [RUN](): void {
    const cancellation = this.#awaiter.takeCancellation();
    if (cancellation === null) {
      this.#result.resolve(this.#value);
      return;
    }
    // If nobody awaits the promise, nobody has seen the cancellation: throw it at the next await instead.
    expectUnhandled(cancellation, () => this.#awaiter.postponeCancellation(cancellation));
    this.#result.reject(cancellation);
  }
}

const WAKE_UP: unique symbol = Symbol('wake-up');

interface Marked<T> extends Awaitable<T> {
  [WAKE_UP]: WakeUp<T>;
}

/** One shared function, because a closure for each promise would cost as much as the promise. */
function thenOfFuture<T, R1 = T, R2 = never>(
  this: Promise<T>,
  onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
  onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
): Promise<R1 | R2> {
  return (this as Marked<T>)[WAKE_UP].future.then(onFulfilled, onRejected); // only a Marked promise has this `then`
}

/** `sleep(0)` as a future, for callers of `then`. It is in the ready queue from the beginning. */
class NextIteration<T> extends Future<T> implements Ready {
  static override readonly name = 'Future';
  readonly #value: T;
  /** Applied when its turn comes: a cancelled bare `yield` does not continue any earlier either. */
  #cancellation: { readonly message: string | undefined } | null = null;

  constructor(loop: BaseEventLoop, value: T) {
    super(loop);
    this.#value = value;
    loop[ENQUEUE](this);
  }

  override cancel(message?: string): boolean {
    this.#cancellation ??= { message };
    return true;
  }

  [RUN](): void {
    if (this.#cancellation === null) this.settle('finished', this.#value);
    else this.settle('cancelled', this.#cancellation.message);
  }

  /** Awaits of it continue in its own turn, not one iteration later. */
  protected override wake(waiter: Ready): void {
    this.wakeAtOnce(waiter);
  }
}
