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
 * Waits for `awaitable` at most `timeout` seconds; with null as long as it takes. After that, and when the wait itself is
 * cancelled, it is cancelled, and has ended when this rejects with TimeoutError; an awaitable that takes no notice of its
 * cancellation and gives a result in spite of it has waited for. A coroutine runs as part of the current task; where `timeout`
 * is 0 or less it does not start at all. A native promise cannot be cancelled and is abandoned: what it comes to is dropped, so
 * give a function that takes the AbortSignal instead, where there is one: `waitFor((signal) => fetch(url, { signal }), 5)`.
 * Python: asyncio.wait_for().
 * @throws {TypeError} when `awaitable` is neither a future nor a coroutine nor a promise, or `timeout` no number
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 */
export function waitFor<A extends Joinable>(awaitable: A, timeout: number | null): Awaitable<ResultOf<A>> {
  return waitForAny(awaitable as Joinable<ResultOf<A>>, timeout); // as ResultOf says
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

/** Not on `future` itself: a cancellation of this wait is not to be mistaken for that of `future`. */
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

/** A block that awaits it, as part of the task that runs the block. */
function bodyOf<T>(awaitable: Joinable<T>): BlockBody<unknown, T> {
  if (isGenerator(awaitable) || (isPromiseLike(awaitable) && Symbol.iterator in awaitable)) {
    return function* (): CoroutineGenerator<T> {
      return yield* awaitable as CoroutineGenerator<T>; // or an Awaitable
    };
  }
  if (isPromiseLike(awaitable)) {
    return function* (): CoroutineGenerator<T> {
      return (yield awaitable) as T; // yielded, it can be abandoned
    };
  }
  const start = toStart(awaitable);
  if (isGeneratorFunction(awaitable)) {
    return function* (): CoroutineGenerator<T> {
      return yield* (start as () => CoroutineGenerator<T>)(); // as its tag says
    };
  }
  return start.length > 0 ? (_, signal) => start(signal) : () => (start as () => PromiseLike<T>)();
}
