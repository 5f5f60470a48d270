import { checkTime } from './check-callback.js';
import { currentAwaiter } from './current-task.js';
import type { BaseEventLoop } from './event-loop.js';
import { getRunningLoop } from './running-loop.js';

/**
 * Waits `delay` seconds and gives `result`. A delay of 0 or less lets every other callback that is ready run once.
 * Python: asyncio.sleep().
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 * @throws {TypeError} when `delay` is not a number or NaN
 */
export function sleep(delay: number): PromiseLike<void>;
export function sleep<T>(delay: number, result: T): PromiseLike<T>;
export function sleep<T>(delay: number, result?: T): PromiseLike<T | undefined> {
  checkTime(delay, 'delay');
  const loop = getRunningLoop();
  if (delay <= 0) return new NextIteration(loop, result);
  const future = loop.createFuture<T | undefined>();
  const timer = loop.callLater(delay, () => {
    if (!future.done()) future.setResult(result);
  });
  future.addDoneCallback(() => timer.cancel()); // a cancelled sleep leaves no timer behind
  return future;
}

/** What a bare `yield` is in Python: goes on in the next iteration. A future would take one more. */
class NextIteration<T> implements PromiseLike<T> {
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
    const awaiter = currentAwaiter();
    return new Promise<T>((resolve, reject) => {
      this.#loop.callSoon(() => {
        const cancellation = awaiter?.takeCancellation() ?? null;
        if (cancellation === null) resolve(this.#value);
        else reject(cancellation);
      });
    }).then(onFulfilled, onRejected);
  }
}
