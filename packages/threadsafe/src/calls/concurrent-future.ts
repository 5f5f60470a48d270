import { inspect } from 'node:util';
import { CancelledError, Future, InvalidStateError, TimeoutError, type BaseEventLoop } from '@ringloop/core';
import {
  captureContext,
  checkTime,
  creationStack,
  inspectSafely,
  OUTSIDE,
  peekRunningLoop,
  promiseWithResolvers,
  type PromiseWithResolvers,
  runInContext,
  toError,
  typeError,
  type Unretrieved,
  UNRETRIEVED,
  watchResult,
} from '@ringloop/core/internal';
import { unretrievedOutside } from '../unretrieved-outside.js';

/** How a call ends. */
export type ReplyKind = 'finished' | 'failed' | 'cancelled';

/** The called loop, as far as the future of a call needs it. */
export interface CalledLoop {
  readonly inboxId: string;
  /** Asks the loop to cancel the call. Its reply does not matter any more. */
  cancelCall(callId: number): void;
  /** Blocks this thread until `isDone()`. False: the timeout, in seconds, is over. */
  waitFor(isDone: () => boolean, timeout: number): boolean;
}

/** Stacks of the calls, in debug mode. Not a field, which would take memory in every future. */
const origins = new WeakMap<object, string>();

/**
 * The result of a call into another thread's loop. It belongs to no loop: any loop of this thread may await it, and so
 * may code outside of loops. If it fails and nobody ever asks for the error, the exception handler of the loop in which
 * the call was made is called; if none ran there, the error is written to standard error. Python:
 * concurrent.futures.Future, as run_coroutine_threadsafe() returns it.
 */
export class ConcurrentFuture<T> implements PromiseLike<T> {
  readonly #called: CalledLoop;
  /** The caller's id of the call. @internal */
  readonly callId: number;
  /** The loop in which the call was made, if one ran. */
  readonly #loop: BaseEventLoop | null = peekRunningLoop();
  /** Reports the exception if nobody retrieves it; null once it was retrieved. */
  #unretrieved: Unretrieved | null = null;
  /** Made when it is first awaited outside of a loop. */
  #promise: PromiseWithResolvers<T> | null = null;
  #callbacks: (() => void)[] | null = null;
  #state: 'pending' | ReplyKind = 'pending';
  /** Depends on the state: 'finished' has the result, 'failed' the exception, the others nothing. */
  #reply: unknown = undefined;

  constructor(called: CalledLoop, callId: number) {
    this.#called = called;
    this.callId = callId;
    if (this.#loop?.getDebug() === true) origins.set(this, creationStack());
  }

  /** Whether it has a result or an error, or was cancelled. Python: Future.done(). */
  done(): boolean {
    return this.#state !== 'pending';
  }

  /** Whether it was cancelled, from here or in the other loop. Python: Future.cancelled(). */
  cancelled(): boolean {
    return this.#state === 'cancelled';
  }

  /**
   * Cancels this future at once and asks the other loop to cancel the task. Returns false when it is done already.
   * Python: Future.cancel().
   */
  cancel(): boolean {
    if (this.done()) return false;
    this.#settle('cancelled', undefined);
    this.#called.cancelCall(this.callId);
    return true;
  }

  /**
   * The stack at which the call was made, in an error's format; undefined unless the loop that ran there was in debug
   * mode.
   */
  get sourceTraceback(): string | undefined {
    return origins.get(this);
  }

  /** The called loop. @internal */
  get called(): CalledLoop {
    return this.#called;
  }

  /**
   * The result. With a timeout, blocks this thread until the result is there. A blocked thread does nothing else,
   * neither for its own loop nor for Node. Threads other than the main thread may block, but rarely should. Python:
   * Future.result(timeout), whose default is to block for ever.
   * @param timeout seconds, `Infinity` for as long as it takes
   * @throws {InvalidStateError} while it is pending, without a timeout
   * @throws {TimeoutError} when the timeout is over
   * @throws {MainThreadError} instead of blocking the main thread
   * @throws {DeadlockError} instead of waiting for a loop of this thread, or for a thread that waits for this one
   * @throws {PeerExitedError} when the other thread has ended
   * @throws {CancelledError} when it was cancelled
   * @throws the error of the call
   */
  result(timeout?: number): T {
    if (timeout !== undefined) this.#block(timeout);
    if (this.#state === 'finished') return this.#reply as T;
    if (this.#state === 'failed') throw this.#failure();
    if (this.#state === 'cancelled') throw new CancelledError();
    throw new InvalidStateError('Result is not ready.');
  }

  /**
   * The error of the call, or null when it has a result. Waits and throws as `result()` does, but does not throw the
   * error of the call. Python: Future.exception(timeout).
   * @param timeout seconds, `Infinity` for as long as it takes
   */
  exception(timeout?: number): Error | null {
    if (timeout !== undefined) this.#block(timeout);
    if (this.#state === 'failed') return this.#failure();
    this.result();
    return null;
  }

  /** Called by `await`. A task that is cancelled while it waits here cancels the call. */
  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    const loop = peekRunningLoop();
    if (loop === null || this.done()) return this.#asPromise().then(onFulfilled, onRejected);
    return wrapFuture(this, { loop }).then(onFulfilled, onRejected);
  }

  /** Like the method of a promise. */
  catch<R = never>(onRejected?: ((reason: unknown) => R | PromiseLike<R>) | null): Promise<T | R> {
    return this.then(undefined, onRejected);
  }

  /** Like the method of a promise. */
  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.then().finally(onFinally);
  }

  /** Called by `yield*` in a generator coroutine, which cancels the call when it is cancelled. */
  *[Symbol.iterator](): Generator<unknown, T, T> {
    return yield this; // the task that steps the generator sends the result back
  }

  /** For `util.inspect()` and `console.log()`. */
  [inspect.custom](): string {
    if (this.#state === 'finished') return `<ConcurrentFuture finished result=${shown(this.#reply)}>`;
    if (this.#state === 'failed') return `<ConcurrentFuture failed exception=${shown(this.#reply)}>`;
    return `<ConcurrentFuture ${this.#state}>`;
  }

  /**
   * Calls `callback` when this future is done, or now if it is. The callback is not called by a loop, but directly by
   * the code that settles the future. So if it throws, or returns a promise that rejects, nobody can catch that and it
   * becomes a warning of the process. The AsyncLocalStorages have the values in it that they have here. Python:
   * Future.add_done_callback() of concurrent.futures, which logs it.
   * @throws {TypeError} ERR_INVALID_ARG_TYPE when `callback` is no function
   */
  whenDone(callback: () => unknown): void {
    if (typeof callback !== 'function') {
      throw typeError(`callback must be a function, got ${inspectSafely(callback)}`);
    }
    const context = captureContext();
    this.onDone(() => runInContext(context, () => callDone(callback)));
  }

  /** As `whenDone()` without the context, for callbacks that run no code of users and throw nothing. @internal */
  onDone(callback: () => void): void {
    this.#retrieve(); // the callback may ask for the exception
    if (this.done()) callback();
    else (this.#callbacks ??= []).push(callback);
  }

  /** Settles the future when the reply has come. For the reply inbox. @param value the result, or what was thrown */
  settleWith(how: ReplyKind, value: unknown): void {
    if (this.done()) return; // cancelled from here in the meantime
    this.#settle(how, how === 'failed' ? toError(value) : value);
  }

  #failure(): Error {
    this.#retrieve();
    return this.#reply as Error; // settleWith() made it an Error
  }

  #retrieve(): void {
    this.#unretrieved?.delete(this);
    this.#unretrieved = null;
  }

  #block(timeout: number): void {
    checkTime(timeout, 'timeout');
    if (this.done() || this.#called.waitFor(() => this.done(), timeout)) return;
    throw new TimeoutError(`The call got no reply within ${timeout} seconds`);
  }

  #asPromise(): Promise<T> {
    if (this.#promise === null) {
      this.#promise = promiseWithResolvers<T>();
      if (this.done()) this.#settlePromise(this.#promise);
    }
    return this.#promise.promise;
  }

  #settlePromise({ resolve, reject }: PromiseWithResolvers<T>): void {
    try {
      resolve(this.result());
    } catch (thrown) {
      reject(thrown);
    }
  }

  #settle(state: ReplyKind, outcome: unknown): void {
    this.#state = state;
    this.#reply = outcome;
    if (this.#promise !== null) this.#settlePromise(this.#promise);
    const callbacks = this.#callbacks;
    this.#callbacks = null;
    if (callbacks !== null) for (const callback of callbacks) callback();
    else if (state === 'failed' && this.#promise === null) {
      this.#unretrieved = this.#loop?.[UNRETRIEVED] ?? unretrievedOutside();
      this.#unretrieved.add(this, outcome as Error); // see settleWith()
    }
  }
}

/** Shows only the first line: an error has many. */
function shown(value: unknown): string {
  return inspectSafely(value, { depth: 1 }).split('\n', 1).join('');
}

function callDone(callback: () => unknown): void {
  const warn = (thrown: unknown): void => process.emitWarning(toError(thrown));
  try {
    watchResult(callback(), warn);
  } catch (thrown) {
    warn(thrown);
  }
}

/**
 * A future of `loop` that is settled like `source`, and that cancels `source` when it is cancelled. Python:
 * asyncio.wrap_future().
 */
export function wrapFuture<T>(source: ConcurrentFuture<T>, { loop }: { loop: BaseEventLoop }): Future<T> {
  const future = loop.createFuture<T>();
  const ended = loop[OUTSIDE].track('thread');
  source.onDone(() => {
    ended();
    if (future.done() || loop.isClosed()) return;
    if (source.cancelled()) {
      future.cancel();
      return;
    }
    try {
      future.setResult(source.result());
    } catch (thrown) {
      future.setException(thrown);
    }
  });
  future.addDoneCallback(() => {
    if (future.cancelled()) source.cancel();
  });
  return future;
}
