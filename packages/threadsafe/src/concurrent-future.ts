import { CancelledError, Future, InvalidStateError, type BaseEventLoop } from '@ringloop/core';
import { OUTSIDE, peekRunningLoop, promiseWithResolvers, toError } from '@ringloop/core/internal';

type Outcome<T> =
  | { readonly kind: 'pending' }
  | { readonly kind: 'finished'; readonly value: T }
  | { readonly kind: 'failed'; readonly exception: Error }
  | { readonly kind: 'cancelled' };

/**
 * The result of a call into another thread's loop. It belongs to no loop: any loop of this thread may await it, and so may
 * code outside of loops. Python: concurrent.futures.Future, as run_coroutine_threadsafe() returns it.
 */
export class ConcurrentFuture<T> implements PromiseLike<T> {
  readonly #cancelRemote: () => void;
  readonly #settled = promiseWithResolvers<T>();
  readonly #callbacks: (() => void)[] = [];
  #outcome: Outcome<T> = { kind: 'pending' };

  /** @param cancelRemote asks the other loop to cancel its task; the task's end, whatever it is, settles this future */
  constructor(cancelRemote: () => void) {
    this.#cancelRemote = cancelRemote;
    this.#settled.promise.catch(() => undefined); // whoever awaits it gets the error; nobody need
  }

  /** Whether it has a result or an error, or was cancelled. Python: Future.done(). */
  done(): boolean {
    return this.#outcome.kind !== 'pending';
  }

  /** Whether it was cancelled, from here or in the other loop. Python: Future.cancelled(). */
  cancelled(): boolean {
    return this.#outcome.kind === 'cancelled';
  }

  /**
   * Cancels this future at once and asks the other loop to cancel the task. False when it is done.
   * Python: Future.cancel().
   */
  cancel(): boolean {
    if (this.done()) return false;
    this.#settle({ kind: 'cancelled' });
    this.#cancelRemote();
    return true;
  }

  /**
   * The result, without waiting.
   * @throws {InvalidStateError} while it is pending
   * @throws {CancelledError} when it was cancelled
   * @throws the error of the call
   */
  result(): T {
    const outcome = this.#outcome;
    if (outcome.kind === 'finished') return outcome.value;
    if (outcome.kind === 'failed') throw outcome.exception;
    if (outcome.kind === 'cancelled') throw new CancelledError();
    throw new InvalidStateError('Result is not ready.');
  }

  /** What `await` calls. A task that is cancelled while it waits here cancels the call. */
  then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    const loop = peekRunningLoop();
    if (loop === null || this.done()) return this.#settled.promise.then(onFulfilled, onRejected);
    return wrapFuture(this, { loop }).then(onFulfilled, onRejected);
  }

  /** Calls `callback` when this future is done, or now. Not in a loop: within whatever settles it. */
  whenDone(callback: () => void): void {
    if (this.done()) callback();
    else this.#callbacks.push(callback);
  }

  /** For the mailbox: the other loop has answered. */
  settleWith(answer: { readonly value: T } | { readonly reason: unknown } | null): void {
    if (this.done()) return; // cancelled from here in the meantime
    if (answer === null) this.#settle({ kind: 'cancelled' });
    else if ('value' in answer) this.#settle({ kind: 'finished', value: answer.value });
    else this.#settle({ kind: 'failed', exception: toError(answer.reason) });
  }

  #settle(outcome: Outcome<T>): void {
    this.#outcome = outcome;
    if (outcome.kind === 'finished') this.#settled.resolve(outcome.value);
    else if (outcome.kind === 'failed') this.#settled.reject(outcome.exception);
    else this.#settled.reject(new CancelledError());
    for (const callback of this.#callbacks) callback();
  }
}

/** A future of `loop` that ends as `source` does, and cancels it when it is cancelled. Python: asyncio.wrap_future(). */
export function wrapFuture<T>(source: ConcurrentFuture<T>, { loop }: { loop: BaseEventLoop }): Future<T> {
  const future = loop.createFuture<T>();
  loop[OUTSIDE].threads++;
  source.whenDone(() => {
    loop[OUTSIDE].threads--;
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
