import type { Awaitable } from './awaitable.js';
import { Awaiter } from './awaiter.js';
import { checkTime } from './check-callback.js';
import { currentAwaiter } from './current-task.js';
import type { BaseEventLoop } from './event-loop.js';
import { Future } from './future.js';
import { currentDriver } from './generator-driver.js';
import { ADD_WAITER, ENQUEUE } from './loop-internals.js';
import { type Ready, RUN } from './ready-queue.js';
import { getRunningLoop } from './running-loop.js';
import type { TimerHandle } from './timer-handle.js';

/**
 * Waits `delay` seconds and gives `result`. A delay of 0 or less lets every other callback that is ready run once.
 * Python: asyncio.sleep().
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 * @throws {TypeError} when `delay` is not a number or NaN
 */
export function sleep(delay: number): Awaitable<void>;
export function sleep<T>(delay: number, result: T): Awaitable<T>;
export function sleep<T>(delay: number, result?: T): Awaitable<T | undefined> {
  checkTime(delay, 'delay');
  const loop = getRunningLoop();
  if (delay > 0) return new Sleep(loop, delay, result);
  return new NextIteration(loop, result);
}

/** A future with an alarm clock. */
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
 * What a bare `yield` is: goes on in the next iteration, where a future takes one more. In an async function it stands in the
 * ready queue from the beginning, in a generator when it is waited for, which then yields nothing. A coroutine in asyncio: isFuture()
 * is told so.
 */
export class NextIteration<T> extends Future<T> implements Ready {
  static override readonly name = 'Future';
  readonly #value: T;
  #queued = false;
  /** It is cancelled when its turn comes: a bare `yield` cannot be earlier. */
  #cancellation: { readonly message: string | undefined } | null = null;

  constructor(loop: BaseEventLoop, value: T) {
    super(loop);
    this.#value = value;
    if (currentAwaiter() !== null && currentDriver() === null) this.#queue();
  }

  override cancel(message?: string): boolean {
    if (this.done() || this.#cancellation !== null) return false;
    this.#queue();
    this.#cancellation = { message };
    return true;
  }

  /** For debug mode: the tasks that go on. */
  get onBehalfOf(): unknown {
    return this.waitingCode().map((code) => (code instanceof Awaiter ? code.task : code));
  }

  override [ADD_WAITER](waiter: Ready): void {
    this.#queue();
    super[ADD_WAITER](waiter);
  }

  [RUN](): void {
    if (this.done()) return; // settled by somebody else
    if (this.#cancellation === null) this.settle('finished', this.#value);
    else this.settle('cancelled', this.#cancellation.message);
  }

  override *[Symbol.iterator](): Generator<unknown, T> {
    if (this.#queued) return yield* super[Symbol.iterator]();
    yield;
    return this.#value;
  }

  /** Its turn is that of those who wait. */
  protected override wake(waiter: Ready): void {
    if (waiter.settlesPromise === true) waiter[RUN]();
    else super.wake(waiter);
  }

  #queue(): void {
    if (this.#queued) return;
    this.#queued = true;
    this.getLoop()[ENQUEUE](this);
  }
}
