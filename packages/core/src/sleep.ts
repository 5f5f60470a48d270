import { type Awaitable, thenFinally } from './awaitable.js';
import { checkTime } from './check-callback.js';
import { type Awaiter, currentAwaiter } from './current-task.js';
import type { BaseEventLoop } from './event-loop.js';
import { Future } from './future.js';
import { currentDriver } from './generator-driver.js';
import { iterablePromise } from './iterable-promise.js';
import { ENQUEUE } from './loop-internals.js';
import { promiseWithResolvers } from './promise-with-resolvers.js';
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
  const awaiter = currentAwaiter();
  if (awaiter === null || currentDriver() !== null) return new NextIteration(loop, result);
  // In an async function, a promise of Node's own: to await anything else takes three promises more.
  const wakeUp = new WakeUp(awaiter, result);
  loop[ENQUEUE](wakeUp);
  return iterablePromise(wakeUp.promise);
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

/** What a bare `yield` is: goes on in the next iteration. A future would take one more. */
class NextIteration<T> implements Awaitable<T> {
  readonly #loop: BaseEventLoop;
  readonly #value: T;

  constructor(loop: BaseEventLoop, value: T) {
    this.#loop = loop;
    this.#value = value;
  }

  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    const wakeUp = new WakeUp(currentAwaiter(), this.#value);
    this.#loop[ENQUEUE](wakeUp);
    return wakeUp.promise.then(onFulfilled, onRejected);
  }

  catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<T | R> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return thenFinally(this, onFinally);
  }

  *[Symbol.iterator](): Generator<undefined, T> {
    yield;
    return this.#value;
  }

  get [Symbol.toStringTag](): string {
    return 'NextIteration';
  }
}

class WakeUp<T> implements Ready {
  readonly #awaiter: Awaiter | null;
  readonly #value: T;
  readonly #result = promiseWithResolvers<T>();

  constructor(awaiter: Awaiter | null, value: T) {
    this.#awaiter = awaiter;
    this.#value = value;
  }

  get promise(): Promise<T> {
    return this.#result.promise;
  }

  get onBehalfOf(): unknown {
    return this.#awaiter;
  }

  [RUN](): void {
    const cancellation = this.#awaiter?.takeCancellation() ?? null;
    if (cancellation === null) this.#result.resolve(this.#value);
    else {
      this.#result.promise.catch(() => undefined); // should nobody await it
      this.#result.reject(cancellation);
    }
  }
}
