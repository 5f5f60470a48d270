import type { Awaitable } from '../awaitable.js';
import type { BlockBody } from '../block.js';
import { checkTime } from '../check-callback.js';
import { isGeneratorFunction, toStart } from '../coroutine.js';
import { ensureFuture } from '../ensure-future.js';
import { CancelledError, TimeoutError } from '../errors.js';
import type { Future } from '../future.js';
import type { Joinable, ResultOf } from './gather.js';
import { type CoroutineGenerator, isGenerator } from '../generator-driver.js';
import { isPromiseLike } from '../is-promise-like.js';
import { startCoroutine } from '../running-coroutine.js';
import { timeout as limit } from './timeouts.js';

/**
 * Waits for `awaitable` at most `timeout` seconds, or as long as it takes if `timeout` is null. When the time is over,
 * or when the wait itself is cancelled, the awaitable is cancelled. This rejects with TimeoutError only after the
 * awaitable has ended. If it ignores its cancellation and gives a result, that is the result. A coroutine runs as part
 * of the current task; if `timeout` is 0 or less, it does not start at all.
 *
 * A native promise cannot be cancelled. It is abandoned, and its result is dropped. If possible, pass a function that
 * takes the AbortSignal instead: `waitFor((signal) => fetch(url, { signal }), 5)`. Python: asyncio.wait_for().
 * @throws {TypeError} when `awaitable` is neither a future nor a coroutine nor a promise, or when `timeout` is not a
 *   number
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 */
export function waitFor<A extends Joinable>(awaitable: A, timeout: number | null): Awaitable<ResultOf<A>> {
  return waitForAny(awaitable as Joinable<ResultOf<A>>, timeout); // the type of its result, by ResultOf
}

function waitForAny<T>(awaitable: Joinable<T>, timeout: number | null): Awaitable<T> {
  if (timeout !== null) checkTime(timeout, 'timeout');
  if (timeout !== null && timeout <= 0) return startCoroutine(doNotWait(ensureFuture(awaitable)));
  return limit(timeout).run(bodyOf(awaitable));
}

function* doNotWait<T>(future: Future<T>): CoroutineGenerator<T> {
  if (future.done()) return future.result();
  yield* cancelAndWait(future);
  try {
    return future.result();
  } catch (thrown) {
    throw thrown instanceof CancelledError ? new TimeoutError('Timed out', { cause: thrown }) : thrown;
  }
}

/** Waits by a future of its own: a cancellation of this wait must not look like the cancellation of `future`. */
function* cancelAndWait(future: Future<unknown>): CoroutineGenerator<void> {
  const waiter = future.getLoop().createFuture<void>();
  const release = (): void => {
    if (!waiter.done()) waiter.setResult();
  };
  future.addDoneCallback(release);
  try {
    future.cancel();
    yield* waiter;
  } finally {
    future.removeDoneCallback(release);
  }
}

/** A block body that awaits `awaitable` as part of the task that runs the block. */
function bodyOf<T>(awaitable: Joinable<T>): BlockBody<unknown, T> {
  if (isGenerator(awaitable) || (isPromiseLike(awaitable) && Symbol.iterator in awaitable)) {
    return function* (): CoroutineGenerator<T> {
      return yield* awaitable as CoroutineGenerator<T>; // or an Awaitable
    };
  }
  if (isPromiseLike(awaitable)) {
    return function* (): CoroutineGenerator<T> {
      return (yield awaitable) as T; // `yield` makes a future of it, which can be abandoned
    };
  }
  const start = toStart(awaitable);
  if (isGeneratorFunction(awaitable)) {
    return function* (): CoroutineGenerator<T> {
      return yield* (start as () => CoroutineGenerator<T>)(); // isGeneratorFunction() has checked it
    };
  }
  return start.length > 0 ? (_, signal) => start(signal) : () => (start as () => PromiseLike<T>)();
}
