import { inspect } from 'node:util';
import { checkCallback } from './check-callback.js';
import { currentAwaiter } from './current-task.js';
import { CancelledError, InvalidStateError, toError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import type { Callback } from './handle.js';
import { promiseWithResolvers } from './promise-with-resolvers.js';
import { retrieved, watchUnretrieved } from './unretrieved.js';

export type FutureState<T> =
  | { readonly kind: 'pending' }
  | { readonly kind: 'finished'; readonly value: T }
  | { readonly kind: 'failed'; readonly exception: Error }
  | { readonly kind: 'cancelled'; readonly message: string | undefined };

const PENDING = { kind: 'pending' } as const;

/** Called with the future, once, in an iteration after it was settled. */
export type DoneCallback<T> = (future: Future<T>) => unknown;

/**
 * A result that is not there yet. Its callbacks run in the loop, never within the call that settles it. Any async function
 * may await it. Python: asyncio.Future.
 */
export class Future<T> implements PromiseLike<T> {
  readonly #loop: BaseEventLoop;
  #state: FutureState<T> = PENDING;
  // Typed for no argument in particular, so that a Future<string> is a Future<unknown>.
  #callbacks: Callback[] = [];
  #watched = false;

  constructor(loop: BaseEventLoop) {
    this.#loop = loop;
  }

  /** Python: Future.get_loop(). */
  getLoop(): BaseEventLoop {
    return this.#loop;
  }

  /** Whether there is a result, an exception or a cancellation. Python: Future.done(). */
  done(): boolean {
    return this.#state.kind !== 'pending';
  }

  /** Python: Future.cancelled(). */
  cancelled(): boolean {
    return this.#state.kind === 'cancelled';
  }

  /**
   * Python: Future.result().
   * @throws {InvalidStateError} while it is pending
   * @throws {CancelledError} when it was cancelled
   * @throws the exception it was given
   */
  result(): T {
    const state = this.#state;
    if (state.kind === 'finished') return state.value;
    if (state.kind === 'pending') throw new InvalidStateError('Result is not ready.');
    throw this.#failure(state);
  }

  /**
   * The exception it was given, or null. Python: Future.exception().
   * @throws {InvalidStateError} while it is pending
   * @throws {CancelledError} when it was cancelled
   */
  exception(): Error | null {
    const state = this.#state;
    if (state.kind === 'finished') return null;
    if (state.kind === 'pending') throw new InvalidStateError('Exception is not set.');
    const failure = this.#failure(state);
    if (state.kind === 'cancelled') throw failure;
    return failure;
  }

  /**
   * Python: Future.set_result().
   * @throws {InvalidStateError} when it is done
   */
  setResult(value: T): void {
    this.settle({ kind: 'finished', value });
  }

  /**
   * Python: Future.set_exception(). What is no Error becomes the `cause` of one.
   * @throws {InvalidStateError} when it is done
   */
  setException(exception: unknown): void {
    this.settle({ kind: 'failed', exception: toError(exception) });
  }

  /** Cancels it; false when it is done. Python: Future.cancel(). */
  cancel(message?: string): boolean {
    if (this.done()) return false;
    this.settle({ kind: 'cancelled', message });
    return true;
  }

  /** Calls `callback(future)` in the loop once it is done. Python: Future.add_done_callback(). */
  addDoneCallback(callback: DoneCallback<T>): void {
    checkCallback(callback, 'addDoneCallback');
    if (this.done()) this.#loop.callSoon(callback, this);
    else this.#callbacks.push(callback);
  }

  /** Removes all entries of `callback`, and returns how many there were. Python: Future.remove_done_callback(). */
  removeDoneCallback(callback: DoneCallback<T>): number {
    const before = this.#callbacks.length;
    this.#callbacks = this.#callbacks.filter((other) => other !== callback);
    return before - this.#callbacks.length;
  }

  /** What `await` calls. A cancelled future rejects with CancelledError. */
  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    if (this.done()) return this.#toPromise().then(onFulfilled, onRejected);
    const awaiter = currentAwaiter();
    const refusal = awaiter?.beginWait(this) ?? null;
    if (refusal !== null) return Promise.reject(refusal).then(onFulfilled, onRejected);
    const { promise, resolve, reject } = promiseWithResolvers<R1 | R2>();
    this.addDoneCallback(() => {
      const overruled = awaiter?.endWait(this) ?? null;
      try {
        // The reactions of an await are native resolvers: called here, the function goes on right after this iteration.
        resolve(this.#react(overruled, onFulfilled, onRejected));
      } catch (thrown) {
        reject(thrown);
      }
    });
    return promise;
  }

  [inspect.custom](): string {
    return `<${this.constructor.name} ${this.describe()}>`;
  }

  protected describe(): string {
    const state = this.#state;
    if (state.kind === 'finished') return `finished result=${inspect(state.value, { depth: 0 })}`;
    if (state.kind === 'failed')
      return `finished exception=${state.exception.name}(${inspect(state.exception.message)})`;
    return state.kind;
  }

  /** The one place where the state changes; a pending future takes any of the others, and that is final. */
  protected settle(state: FutureState<T>): void {
    if (this.done()) throw new InvalidStateError(`${this.#state.kind}: ${inspect(this)}`);
    this.#state = state;
    if (state.kind === 'failed') {
      this.#watched = true;
      const message = `${this.constructor.name} exception was never retrieved`;
      watchUnretrieved(this, { loop: this.#loop, message, exception: state.exception });
    }
    const callbacks = this.#callbacks;
    this.#callbacks = [];
    for (const callback of callbacks) this.#loop.callSoon(callback as DoneCallback<T>, this);
  }

  #toPromise(): Promise<T> {
    return new Promise((resolve) => resolve(this.result())); // what result() throws, the promise rejects with
  }

  /** @param overruled what the await throws whatever the outcome: its task was cancelled after the future was done */
  #react<R1, R2>(
    overruled: Error | null,
    onFulfilled: ((value: T) => R1 | PromiseLike<R1>) | null | undefined,
    onRejected: ((reason: unknown) => R2 | PromiseLike<R2>) | null | undefined,
  ): R1 | R2 | PromiseLike<R1 | R2> {
    let value: T;
    try {
      value = this.result();
      if (overruled !== null) throw overruled;
    } catch (thrown) {
      const reason = overruled ?? thrown;
      if (!onRejected) throw reason;
      return onRejected(reason);
    }
    return onFulfilled ? onFulfilled(value) : (value as unknown as R1); // without a reaction, R1 is T
  }

  #failure(
    state: { kind: 'failed'; exception: Error } | { kind: 'cancelled'; message: string | undefined },
  ): Error {
    if (state.kind === 'cancelled') return new CancelledError(state.message);
    if (this.#watched) {
      this.#watched = false;
      retrieved(this);
    }
    return state.exception;
  }
}
