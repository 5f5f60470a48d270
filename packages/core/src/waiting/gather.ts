import { whoAsks } from '../cancel-for.js';
import { checkIterable } from './check-iterable.js';
import type { Coroutine } from '../coroutine.js';
import { getEventLoop } from '../current-loop.js';
import { ensureFuture } from '../ensure-future.js';
import { cancelledError, type CancelledError } from '../errors.js';
import type { BaseEventLoop } from '../event-loop.js';
import { Future } from '../future.js';
import type { CoroutineGenerator } from '../generator-driver.js';
import { keepQuiet } from '../debug/quiet-tasks.js';

/** Anything that can be made into a future: a future or task, a coroutine of any kind, or a promise. */
export type Joinable<T = unknown> = Future<T> | Coroutine<T> | PromiseLike<T>;

/** The type of the result of a future, coroutine or promise. */
export type ResultOf<A> =
  A extends PromiseLike<infer T>
    ? T
    : A extends (...args: never[]) => PromiseLike<infer T> | CoroutineGenerator<infer T>
      ? T
      : A extends CoroutineGenerator<infer T>
        ? T
        : never;

/** Options of `gather()`. */
export interface GatherOptions {
  /** Puts errors among the results instead of failing with the first error. */
  readonly returnExceptions?: boolean;
}

/**
 * The results of a gather(), each in the place of its awaitable. `E` is the type of an error that may stand there
 * instead.
 */
export type Gathered<A extends readonly unknown[], E = never> = {
  -readonly [K in keyof A]: ResultOf<A[K]> | E;
};

/**
 * A future of the results of all `awaitables`, in their order. The first error fails it at once. The others keep
 * running, and their results are dropped. With `returnExceptions`, errors count as results.
 *
 * Cancelling the future cancels all awaitables that are not done, and it fails with CancelledError once they have
 * ended. An awaitable that somebody else cancels counts as failed. An object that is passed twice runs once, and its
 * result is in both places. Without any awaitables the future is already done. Python: asyncio.gather().
 * @throws {TypeError} when `awaitables` is not iterable, or when one of them is neither a future nor a coroutine nor a
 *   promise
 * @throws {LoopStateError} ERR_OTHER_LOOP when they belong to different loops, ERR_NO_CURRENT_LOOP
 */
export function gather<const A extends readonly Joinable[]>(
  awaitables: A,
  options?: { readonly returnExceptions?: false },
): Future<Gathered<A>>;
export function gather<const A extends readonly Joinable[]>(
  awaitables: A,
  options: GatherOptions,
): Future<Gathered<A, Error>>;
export function gather<A extends Joinable>(
  awaitables: Iterable<A>,
  options?: { readonly returnExceptions?: false },
): Future<ResultOf<A>[]>;
export function gather<A extends Joinable>(
  awaitables: Iterable<A>,
  options: GatherOptions,
): Future<(ResultOf<A> | Error)[]>;
export function gather(
  awaitables: Iterable<Joinable>,
  { returnExceptions = false }: GatherOptions = {},
): Future<unknown[]> {
  checkIterable(awaitables, 'gather()');
  const futures = new Map<Joinable, Future<unknown>>();
  const children: Future<unknown>[] = [];
  const doneAlready: Future<unknown>[] = [];
  let loop: BaseEventLoop | undefined;
  let outer: GatheringFuture | null = null;
  const onDone = (child: Future<unknown>): void => {
    if (outer === null)
      failureOf(child); // gather() threw, so nobody else will retrieve the exception
    else outer.onChildDone(child);
  };
  for (const awaitable of awaitables) {
    let child = futures.get(awaitable);
    if (child === undefined) {
      child = ensureFuture(awaitable, loop === undefined ? {} : { loop });
      loop ??= child.getLoop();
      if (child !== awaitable) keepQuiet(child); // the caller has no reference to the task, so it cannot await it
      futures.set(awaitable, child);
      if (child.done()) doneAlready.push(child);
      else child.addDoneCallback(onDone);
    }
    children.push(child);
  }
  outer = new GatheringFuture(loop ?? getEventLoop(), children, futures.size, returnExceptions);
  doneAlready.forEach(onDone);
  return outer;
}

class GatheringFuture extends Future<unknown[]> {
  readonly #children: readonly Future<unknown>[];
  /** How many distinct children are not done. */
  #unfinished: number;
  readonly #returnExceptions: boolean;
  #cancelRequested = false;

  constructor(
    loop: BaseEventLoop,
    children: readonly Future<unknown>[],
    distinct: number,
    returnExceptions: boolean,
  ) {
    super(loop);
    this.#children = children;
    this.#unfinished = distinct;
    this.#returnExceptions = returnExceptions;
    if (distinct === 0) this.setResult([]);
  }

  /** As `Task.cancel()`: cancels the children. This future is done when all of them are. */
  override cancel(message?: string): boolean {
    if (this.done()) return false;
    void whoAsks(); // clears the request: the children are not what the asking code awaits
    const accepted = this.#children.filter((child) => child.cancel(message));
    if (accepted.length > 0) this.#cancelRequested = true;
    return accepted.length > 0;
  }

  onChildDone(child: Future<unknown>): void {
    this.#unfinished--;
    // failureOf() marks the exception as retrieved. Errors that shall be results are retrieved when all children are
    // done.
    const failure = this.done() || !this.#returnExceptions ? failureOf(child) : null;
    if (this.done()) return;
    if (failure !== null) this.setException(failure);
    else if (this.#unfinished === 0) this.#finish();
  }

  #finish(): void {
    const failures = this.#children.map(failureOf); // marks all exceptions as retrieved, even if they are dropped
    // After cancel(), fail even with `returnExceptions`: a cancellation must not end up among the results. The message
    // is that of the last child in order, as in CPython.
    if (this.#cancelRequested) {
      const isLastCancelled = this.#children.at(-1)?.cancelled() === true;
      this.setException(isLastCancelled ? failures.at(-1) : cancelledError());
    } else this.setResult(this.#children.map((child, at) => failures[at] ?? child.result()));
  }
}

/** The error or cancellation of a future that is done, or null if it has a result. */
function failureOf(future: Future<unknown>): Error | null {
  try {
    return future.exception();
  } catch (thrown) {
    return thrown as CancelledError; // exception() throws only the CancelledError here
  }
}
