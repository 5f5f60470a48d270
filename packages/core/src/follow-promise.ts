import type { Awaitable } from './awaitable.js';
import type { BaseEventLoop } from './event-loop.js';
import { CancelledError, messageOf } from './errors.js';
import { Future, type FutureState } from './future.js';
import { iterablePromise } from './waiting/iterable-promise.js';
import { OUTSIDE } from './loop-internals.js';
import type { Ready } from './ready-queue.js';
import { peekRunningLoop } from './running-loop.js';

/**
 * A promise that is none of ours, as a future of `loop`. To cancel the future cancels what the promise stands for if it has a
 * `cancel()`, as a call into another thread has; any other is given up, and what it comes to is dropped.
 */
export function followPromise<T>(loop: BaseEventLoop, promise: PromiseLike<T>): Future<T> {
  const future = new Following<T>(loop, () => {
    loop[OUTSIDE].promises--;
    if (future.cancelled()) cancelIfItCan(promise);
  });
  loop[OUTSIDE].promises++;
  Promise.resolve(promise).then(
    // a promise as it is; another thenable may throw, or call back twice
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

/** It is settled when its promise is, whether the loop runs then or not. */
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

/** `promise`, to be awaited: while a loop runs, a wait that can be cancelled, which gives the promise up. */
export function awaitableOf<T>(promise: Promise<T>): Awaitable<T> {
  const loop = peekRunningLoop();
  return loop === null ? iterablePromise(promise) : followPromise(loop, promise);
}

/** Cancels something that runs already and will not be waited for. */
export function cancelIfItCan(running: object): void {
  const { cancel } = running as { cancel?: unknown };
  if (typeof cancel === 'function') cancel.call(running);
}
