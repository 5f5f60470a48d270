import type { Awaitable } from './awaitable.js';
import type { BaseEventLoop } from './event-loop.js';
import { CancelledError, messageOf } from './errors.js';
import { Future, type FutureState } from './future.js';
import { iterablePromise } from './waiting/iterable-promise.js';
import { OUTSIDE } from './loop-internals.js';
import type { Ready } from './ready-queue.js';
import { peekRunningLoop } from './running-loop.js';

/**
 * Makes a future of `loop` that follows a promise of other code. Cancelling the future calls the promise's `cancel()`
 * if it has one, as a call into another thread has. Any other promise is abandoned, and its result is dropped.
 */
export function followPromise<T>(loop: BaseEventLoop, promise: PromiseLike<T>): Future<T> {
  const ended = loop[OUTSIDE].track('promise');
  const future = new Following<T>(loop, () => {
    ended();
    if (future.cancelled()) cancelIfItCan(promise);
  });
  Promise.resolve(promise).then(
    // Promise.resolve() returns a promise as it is. It protects us from other thenables,
    // which may throw or call back twice.
    (value) => {
      if (!future.done()) future.setResult(value);
    },
    (reason: unknown) => {
      if (future.done()) return;
      if (reason instanceof CancelledError) future.cancel(messageOf(reason));
      else future.setException(reason);
    },
  );
  return future;
}

/** A future that is settled when its promise is, whether the loop is running or not. */
class Following<T> extends Future<T> {
  static override readonly name = 'Future';
  readonly #onEnd: () => void;

  constructor(loop: BaseEventLoop, onEnd: () => void) {
    super(loop);
    this.#onEnd = onEnd;
  }

  protected override settle(state: Exclude<FutureState, 'pending'>, outcome: unknown): void {
    super.settle(state, outcome);
    this.#onEnd();
  }

  protected override wake(waiter: Ready): void {
    this.wakeAtOnce(waiter);
  }
}

/** Makes an Awaitable of `promise`. While a loop is running, the wait can be cancelled, which abandons the promise. */
export function awaitableOf<T>(promise: Promise<T>): Awaitable<T> {
  const loop = peekRunningLoop();
  return loop === null ? iterablePromise(promise) : followPromise(loop, promise);
}

/** Calls `cancel()` on running work for which nobody will wait, if it has that method. */
export function cancelIfItCan(running: object): void {
  const { cancel } = running as { cancel?: unknown };
  if (typeof cancel === 'function') cancel.call(running);
}
