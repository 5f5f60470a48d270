import type { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { type Awaitable, thenFinally } from './awaitable.js';
import { checkCallback } from './check-callback.js';
import { captureContext } from './context.js';
import { creationSite, creationStack } from './creation-stack.js';
import { currentAwaiter } from './current-task.js';
import { CancelledError, InvalidStateError, toError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { Handle } from './handle.js';
import { inspectPart } from './inspect-safely.js';
import { ADD_WAITER, CALLBACK, ENQUEUE, REMOVE_WAITER, UNRETRIEVED } from './loop-internals.js';
import { isNativeResolver } from './native-resolver.js';
import { Reaction } from './reaction.js';
import type { Ready } from './ready-queue.js';

export type FutureState = 'pending' | 'finished' | 'failed' | 'cancelled';

/** Called with the future, once, in an iteration after it was settled. */
export type DoneCallback<T> = (future: Future<T>) => unknown;

/** What `addDoneCallback()` can be told. */
export interface DoneCallbackOptions {
  /** What AsyncLocalStorages hold in the callback; by default what they hold when it is added. */
  readonly context?: AsyncResource;
}

/**
 * A result that is not there yet. Its callbacks run in the loop, never within the call that settles it. Async functions
 * `await` it, generator coroutines `yield*` it. Python: asyncio.Future.
 */
export class Future<T> implements Awaitable<T> {
  readonly #loop: BaseEventLoop;
  #state: FutureState = 'pending';
  /** By state: nothing, the result, the exception, the message of the cancellation. */
  #outcome: unknown = undefined;
  /** What is queued when the future is done: most have one waiter. */
  #waiters: Ready | Ready[] | null = null;
  #unretrieved = false;
  readonly #origin: string | null;

  constructor(loop: BaseEventLoop) {
    this.#loop = loop;
    this.#origin = loop.getDebug() ? creationStack() : null;
  }

  /** Python: Future.get_loop(). */
  getLoop(): BaseEventLoop {
    return this.#loop;
  }

  /** Whether there is a result, an exception or a cancellation. Python: Future.done(). */
  done(): boolean {
    return this.#state !== 'pending';
  }

  /** Python: Future.cancelled(). */
  cancelled(): boolean {
    return this.#state === 'cancelled';
  }

  /**
   * Python: Future.result().
   * @throws {InvalidStateError} while it is pending
   * @throws {CancelledError} when it was cancelled
   * @throws the exception it was given
   */
  result(): T {
    if (this.#state === 'finished') return this.#outcome as T; // setResult() took a T
    if (this.#state === 'pending') throw new InvalidStateError('Result is not ready.');
    throw this.#failure();
  }

  /**
   * The exception it was given, or null. Python: Future.exception().
   * @throws {InvalidStateError} while it is pending
   * @throws {CancelledError} when it was cancelled
   */
  exception(): Error | null {
    if (this.#state === 'finished') return null;
    if (this.#state === 'pending') throw new InvalidStateError('Exception is not set.');
    const failure = this.#failure();
    if (this.#state === 'cancelled') throw failure;
    return failure;
  }

  /**
   * Python: Future.set_result().
   * @throws {InvalidStateError} when it is done
   */
  setResult(value: T): void {
    this.settle('finished', value);
  }

  /**
   * Python: Future.set_exception(). What is no Error becomes the `cause` of one.
   * @throws {InvalidStateError} when it is done
   */
  setException(exception: unknown): void {
    this.settle('failed', toError(exception));
  }

  /** Cancels it; false when it is done. Python: Future.cancel(). */
  cancel(message?: string): boolean {
    if (this.done()) return this.refuseCancel();
    this.settle('cancelled', message);
    return true;
  }

  /** Calls `callback(future)` in the loop once it is done. Python: Future.add_done_callback(). */
  addDoneCallback(callback: DoneCallback<T>, { context }: DoneCallbackOptions = {}): void {
    checkCallback(callback, 'addDoneCallback');
    const handle = new Handle(callback, [this], this.#loop, context ?? captureContext());
    Future.prototype[ADD_WAITER].call(this, handle); // callbacks always go through the ready queue
  }

  /** Removes all entries of `callback`, and returns how many there were. Python: Future.remove_done_callback(). */
  removeDoneCallback(callback: DoneCallback<T>): number {
    return this.#removeWaiters((waiter) => waiter instanceof Handle && waiter[CALLBACK] === callback);
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
    if (isNativeResolver(onFulfilled) && isNativeResolver(onRejected)) {
      const reaction = new Reaction<T, R1, R2>(this, awaiter, onFulfilled, onRejected);
      this[ADD_WAITER](reaction);
      return reaction.promise as Promise<R1 | R2>; // with reactions, T is what they return
    }
    const reaction = new Reaction(this, awaiter);
    this[ADD_WAITER](reaction);
    return reaction.promise.then(onFulfilled, onRejected);
  }

  /** As of a promise. */
  catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<T | R> {
    return this.then(undefined, onRejected);
  }

  /** As of a promise. */
  finally(onFinally?: (() => void) | null): Promise<T> {
    return thenFinally(this, onFinally);
  }

  /** What `yield*` calls in a generator coroutine. Python: Future.__await__(). */
  *[Symbol.iterator](): Generator<unknown, T> {
    if (!this.done()) yield this;
    return this.result();
  }

  /** @internal */
  get [Symbol.toStringTag](): string {
    return 'Future';
  }

  /** Where it was created, as in an error's stack; undefined unless the loop was in debug mode. */
  get sourceTraceback(): string | undefined {
    return this.#origin ?? undefined;
  }

  /** @internal */
  [ADD_WAITER](waiter: Ready): void {
    if (this.done()) this.#loop[ENQUEUE](waiter);
    else if (this.#waiters === null) this.#waiters = waiter;
    else if (Array.isArray(this.#waiters)) this.#waiters.push(waiter);
    else this.#waiters = [this.#waiters, waiter];
  }

  /** @internal */
  [REMOVE_WAITER](waiter: Ready): void {
    this.#removeWaiters((other) => other === waiter);
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const created = this.#origin === null ? '' : ` created at ${creationSite(this.#origin)}`;
    return `<${this.constructor.name} ${this.describe()}${created}>`;
  }

  protected describe(): string {
    switch (this.#state) {
      case 'finished':
        return `finished result=${inspectPart(this.#outcome)}`;
      case 'failed': {
        const { name, message } = this.#outcome as Error; // setException() made it one
        return `finished exception=${name}(${inspect(message)})`;
      }
      default:
        return this.#state;
    }
  }

  /**
   * The one place where the state changes; a pending future takes any of the others, and that is final.
   * @param outcome the result, the exception, or the message of the cancellation
   */
  protected settle(state: Exclude<FutureState, 'pending'>, outcome: unknown): void {
    if (this.#state !== 'pending') throw new InvalidStateError(`${this.#state}: ${inspect(this)}`);
    this.#state = state;
    this.#outcome = outcome;
    if (state === 'failed') {
      this.#unretrieved = true;
      this.#loop[UNRETRIEVED].add(this, outcome as Error); // see exception()
    }
    const waiters = this.#waiters;
    this.#waiters = null;
    if (waiters === null) return;
    if (!Array.isArray(waiters)) this.#loop[ENQUEUE](waiters);
    else for (const waiter of waiters) this.#loop[ENQUEUE](waiter);
  }

  /** What `cancel()` says when it comes too late. Who would have it cancelled does not care for its exception either. */
  protected refuseCancel(): false {
    this.retrieve();
    return false;
  }

  /** From now on nobody need be told of its exception. */
  protected retrieve(): void {
    if (!this.#unretrieved) return;
    this.#unretrieved = false;
    this.#loop[UNRETRIEVED].delete(this);
  }

  #removeWaiters(matches: (waiter: Ready) => boolean): number {
    if (this.#waiters === null) return 0;
    const before = Array.isArray(this.#waiters) ? this.#waiters : [this.#waiters];
    const after = before.filter((waiter) => !matches(waiter));
    this.#waiters = after.length === 0 ? null : after;
    return before.length - after.length;
  }

  #toPromise(): Promise<T> {
    return this.#state === 'finished' ? Promise.resolve(this.result()) : Promise.reject(this.#failure());
  }

  #failure(): Error {
    if (this.#state === 'cancelled') return new CancelledError(this.#outcome as string | undefined); // see cancel()
    this.retrieve();
    return this.#outcome as Error; // see setException()
  }
}
