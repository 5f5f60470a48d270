import type { Awaitable } from '../awaitable.js';
import { checkTime } from '../check-callback.js';
import { checkIterable } from './check-iterable.js';
import { getEventLoop } from '../current-loop.js';
import { ensureFuture } from '../ensure-future.js';
import { TimeoutError } from '../errors.js';
import type { BaseEventLoop } from '../event-loop.js';
import type { Future } from '../future.js';
import type { Joinable } from './gather.js';
import type { CoroutineGenerator } from '../generator-driver.js';
import { Queue } from '../queues/queue.js';
import { startCoroutine } from '../running-coroutine.js';
import type { TimerHandle } from '../timer-handle.js';
import { Thenable } from '../thenable.js';

/** Options of `asCompleted()`. */
export interface AsCompletedOptions {
  /** Time limit for all awaitables together, in seconds. There is no limit by default and with null. */
  readonly timeout?: number | null;
}

/**
 * A future that is done, as `for await` over asCompleted() gives it. At run time it is the future or task itself. The
 * type leaves out `then`, because TypeScript would otherwise assume that `for await` awaits the future.
 */
export type DoneFuture<T> = Pick<Future<T>, 'result' | 'exception' | 'cancelled' | 'done' | 'getLoop'>;

/**
 * Runs `awaitables` concurrently and iterates over them in the order in which they finish. There are two ways to
 * iterate:
 * - `for await (const future of asCompleted(tasks))` gives each future or task itself, once it is done. For a coroutine
 *   or a promise it gives the task that was made of it. The loop throws TimeoutError when the time is over.
 * - `for (const next of asCompleted(tasks)) { … await next }` gives an awaitable for the next one that finishes. It
 *   gives that one's result, throws its error, or throws TimeoutError when the time is over. Generator coroutines use
 *   `yield* next`.
 *
 * An iteration that was left can be resumed. Leaving the iteration cancels nothing, and neither does the timeout. An
 * object that is passed twice runs once. Python: asyncio.as_completed().
 * @throws {TypeError} when `awaitables` is not iterable, when one of them is neither a future nor a coroutine nor a
 *   promise, or when `timeout` is not a number
 * @throws {LoopStateError} ERR_OTHER_LOOP when one belongs to another loop than the current one, ERR_NO_CURRENT_LOOP
 */
export function asCompleted<T>(
  awaitables: Iterable<Joinable<T>>,
  { timeout = null }: AsCompletedOptions = {},
): AsCompleted<T> {
  checkIterable(awaitables, 'asCompleted()');
  if (timeout !== null) checkTime(timeout, 'timeout');
  return new AsCompleted(awaitables, timeout, getEventLoop());
}

/** The iterator that `asCompleted()` returns. */
export class AsCompleted<T>
  implements IterableIterator<Awaitable<T>, undefined>, AsyncIterable<DoneFuture<T>>
{
  readonly #loop: BaseEventLoop;
  readonly #todo: Set<Future<T>>;
  /** Futures in the order in which they finished. null stands for a future that was not done in time. */
  readonly #done = new Queue<Future<T> | null>();
  /** How many results the iterators have not handed out yet. */
  #left: number;
  readonly #timer: TimerHandle | null;

  constructor(awaitables: Iterable<Joinable<T>>, timeout: number | null, loop: BaseEventLoop) {
    this.#loop = loop;
    this.#todo = new Set([...new Set(awaitables)].map((each) => ensureFuture(each, { loop })));
    this.#left = this.#todo.size;
    for (const future of this.#todo) future.addDoneCallback(this.#onDone);
    this.#timer = timeout === null || this.#left === 0 ? null : loop.callLater(timeout, this.#onTimeout);
  }

  /** For `for … of`. Returns the iterator itself, so that an iteration that was left can be resumed. */
  [Symbol.iterator](): this {
    return this;
  }

  /** An awaitable for the next future that finishes. It rejects with TimeoutError when the time is over. */
  next(): IteratorResult<Awaitable<T>, undefined> {
    if (this.#left === 0) return { done: true, value: undefined };
    this.#left--;
    return { done: false, value: new NextCompleted(() => startCoroutine(this.#nextResult(), this.#loop)) };
  }

  /** For `for await`. A generator coroutine can also use `yield*` on the result of its next(). */
  [Symbol.asyncIterator](): {
    /** The next future, once it is done. Rejects with TimeoutError when the time is over. */
    next(): Awaitable<IteratorResult<DoneFuture<T>, undefined>>;
  } {
    return { next: () => startCoroutine(this.#nextStep(), this.#loop) };
  }

  readonly #onDone = (future: Future<T>): void => {
    if (!this.#todo.delete(future)) return; // the timeout was faster
    this.#done.putNowait(future);
    if (this.#todo.size === 0) this.#timer?.cancel();
  };

  readonly #onTimeout = (): void => {
    for (const future of this.#todo) {
      future.removeDoneCallback(this.#onDone);
      this.#done.putNowait(null);
    }
    this.#todo.clear();
  };

  *#nextResult(): CoroutineGenerator<T> {
    return (yield* this.#nextDone()).result();
  }

  *#nextStep(): CoroutineGenerator<IteratorResult<DoneFuture<T>, undefined>> {
    if (this.#left === 0) return { done: true, value: undefined };
    this.#left--;
    return { done: false, value: yield* this.#nextDone() };
  }

  *#nextDone(): CoroutineGenerator<Future<T>> {
    const future = yield* this.#done.get();
    if (future === null) throw new TimeoutError('Timed out');
    return future;
  }
}

/**
 * Starts waiting when it is first awaited, as a Python coroutine does. So the first waiter gets the first future that
 * finishes, whatever the order in which the awaitables were handed out.
 */
class NextCompleted<T> extends Thenable<T> {
  readonly #start: () => Awaitable<T>;
  #running: Awaitable<T> | null = null;

  constructor(start: () => Awaitable<T>) {
    super();
    this.#start = start;
  }

  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    return this.#run().then(onFulfilled, onRejected);
  }

  [Symbol.iterator](): Iterator<unknown, T, unknown> {
    return this.#run()[Symbol.iterator]();
  }

  get [Symbol.toStringTag](): string {
    return 'NextCompleted';
  }

  #run(): Awaitable<T> {
    return (this.#running ??= this.#start());
  }
}
