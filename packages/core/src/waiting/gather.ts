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

/** What can be made a future of: a future or task, a coroutine of any kind, a promise. */
export type Joinable<T = unknown> = Future<T> | Coroutine<T> | PromiseLike<T>;

/** What a future, coroutine or promise comes to. */
export type ResultOf<A> =
  A extends PromiseLike<infer T>
    ? T
    : A extends (...args: never[]) => PromiseLike<infer T> | CoroutineGenerator<infer T>
      ? T
      : A extends CoroutineGenerator<infer T>
        ? T
        : never;

/** What `gather()` can be told. */
export interface GatherOptions {
  /** Puts errors among the results, rather than failing with the first one. */
  readonly returnExceptions?: boolean;
}

/** The results of a gather(), each in the place of its future; `E` is what may stand there instead. */
export type Gathered<A extends readonly unknown[], E = never> = {
  -readonly [K in keyof A]: ResultOf<A[K]> | E;
};

/**
 * A future of the results of all `awaitables`, in their order. The first error is its error, at once, and the others run on
 * (what they come to is dropped); with `returnExceptions` errors are results. To cancel it cancels all that are not done, and it
 * fails with CancelledError once they are; a child that is cancelled by others counts as one that failed. The same object twice
 * is run once, and its result is in both places. Without any, it is done already. Python: asyncio.gather().
 * @throws {TypeError} when `awaitables` is no iterable, or something in it is neither a future nor a coroutine nor a promise
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
      failureOf(child); // gather() threw: nobody will ask
    else outer.onChildDone(child);
  };
  for (const awaitable of awaitables) {
    let child = futures.get(awaitable);
    if (child === undefined) {
      child = ensureFuture(awaitable, loop === undefined ? {} : { loop });
      loop ??= child.getLoop();
      if (child !== awaitable) keepQuiet(child); // the caller has no hold on it
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
  /** How many are not done; each counts once. */
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

  /** As of a task: asks the children, and is done when they are. */
  override cancel(message?: string): boolean {
    if (this.done()) return false;
    void whoAsks(); // none of the children is what it waits for
    const accepted = this.#children.filter((child) => child.cancel(message));
    if (accepted.length > 0) this.#cancelRequested = true;
    return accepted.length > 0;
  }

  onChildDone(child: Future<unknown>): void {
    this.#unfinished--;
    // Looked at, it counts as retrieved; those that shall be results are looked at when all are done.
    const failure = this.done() || !this.#returnExceptions ? failureOf(child) : null;
    if (this.done()) return;
    if (failure !== null) this.setException(failure);
    else if (this.#unfinished === 0) this.#finish();
  }

  #finish(): void {
    const failures = this.#children.map(failureOf); // whatever becomes of them, they are retrieved
    // A cancellation must not end up among the results. Its message is that of the last in order, as in CPython.
    if (this.#cancelRequested) {
      const isLastCancelled = this.#children.at(-1)?.cancelled() === true;
      this.setException(isLastCancelled ? failures.at(-1) : cancelledError());
    } else this.setResult(this.#children.map((child, at) => failures[at] ?? child.result()));
  }
}

/** Why a future that is done has no result; null where it has one. */
function failureOf(future: Future<unknown>): Error | null {
  try {
    return future.exception();
  } catch (thrown) {
    return thrown as CancelledError; // see exception()
  }
}
