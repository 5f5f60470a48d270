import type { Awaitable } from '../awaitable.js';
import { checkTime } from '../check-callback.js';
import { checkIterable } from './check-iterable.js';
import { isCoroutine } from '../coroutine.js';
import { ensureFuture } from '../ensure-future.js';
import { rangeError, typeError } from '../errors.js';
import type { BaseEventLoop } from '../event-loop.js';
import { Future } from '../future.js';
import type { CoroutineGenerator } from '../generator-driver.js';
import { inspectSafely } from '../debug/inspect-safely.js';
import { startCoroutine } from '../running-coroutine.js';
import { getRunningLoop } from '../running-loop.js';

/** `wait()` returns as soon as one of the futures is done or cancelled. Python: asyncio.FIRST_COMPLETED. */
export const FIRST_COMPLETED = 'FIRST_COMPLETED';
/** `wait()` returns as soon as one of the futures fails, or when all are done. Python: asyncio.FIRST_EXCEPTION. */
export const FIRST_EXCEPTION = 'FIRST_EXCEPTION';
/** `wait()` returns when all futures are done or cancelled. Python: asyncio.ALL_COMPLETED. */
export const ALL_COMPLETED = 'ALL_COMPLETED';

/** When `wait()` returns. */
export type ReturnWhen = typeof FIRST_COMPLETED | typeof FIRST_EXCEPTION | typeof ALL_COMPLETED;

/** Options of `wait()`. */
export interface WaitOptions {
  /** Time limit in seconds. There is no limit by default and with null. */
  readonly timeout?: number | null;
  /** ALL_COMPLETED by default. */
  readonly returnWhen?: ReturnWhen;
}

const CONDITIONS: readonly unknown[] = [FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED];

/**
 * Waits for futures or tasks, and gives two sets: those that are done by then and those that are not. A timeout is not
 * an error. Neither a timeout nor a cancellation of the wait cancels any of the futures. Python: asyncio.wait().
 * @throws {TypeError} when `futures` is not an iterable of futures. Coroutines and promises are refused too: make tasks
 *   of them first
 * @throws {RangeError} when there are no futures, or when `returnWhen` is unknown
 * @throws {LoopStateError} ERR_OTHER_LOOP when one belongs to another loop than the running one, ERR_NO_RUNNING_LOOP
 */
export function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  { timeout = null, returnWhen = ALL_COMPLETED }: WaitOptions = {},
): Awaitable<[done: Set<F>, pending: Set<F>]> {
  checkIterable(futures, 'wait()');
  if (!CONDITIONS.includes(returnWhen)) {
    throw rangeError(`Invalid returnWhen value: ${inspectSafely(returnWhen)}`);
  }
  if (timeout !== null) checkTime(timeout, 'timeout');
  const all = new Set(futures);
  if (all.size === 0) throw rangeError('Set of Tasks/Futures is empty.');
  const loop = getRunningLoop();
  for (const future of all) checkFuture(future, loop);
  return startCoroutine(waitForAll(all, timeout, returnWhen, loop), loop);
}

function checkFuture(future: unknown, loop: BaseEventLoop): void {
  if (future instanceof Future) ensureFuture(future, { loop });
  else if (isCoroutine(future)) {
    throw typeError('Passing coroutines is forbidden, use tasks explicitly.');
  } else throw typeError(`wait() expects futures, not ${inspectSafely(future)}`);
}

function* waitForAll<F extends Future<unknown>>(
  all: ReadonlySet<F>,
  timeout: number | null,
  returnWhen: ReturnWhen,
  loop: BaseEventLoop,
): CoroutineGenerator<[done: Set<F>, pending: Set<F>]> {
  const waiter = loop.createFuture<void>();
  const release = (): void => {
    if (!waiter.done()) waiter.setResult();
  };
  const timer = timeout === null ? null : loop.callLater(timeout, release);
  let unfinished = all.size;
  const onDone = (future: Future<unknown>): void => {
    unfinished--;
    if (unfinished > 0 && !endsWait(future, returnWhen)) return;
    timer?.cancel();
    release();
  };
  for (const future of all) future.addDoneCallback(onDone);
  try {
    yield* waiter;
  } finally {
    timer?.cancel();
    for (const future of all) future.removeDoneCallback(onDone);
  }
  const done = new Set<F>();
  const pending = new Set<F>();
  for (const future of all) (future.done() ? done : pending).add(future);
  return [done, pending];
}

function endsWait(future: Future<unknown>, returnWhen: ReturnWhen): boolean {
  if (returnWhen === FIRST_COMPLETED) return true;
  return returnWhen === FIRST_EXCEPTION && !future.cancelled() && future.exception() !== null;
}
