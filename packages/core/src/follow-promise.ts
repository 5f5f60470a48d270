import type { BaseEventLoop } from './event-loop.js';
import { CancelledError, messageOf } from './errors.js';
import type { Future } from './future.js';
import { OUTSIDE } from './loop-internals.js';

/**
 * A promise that is none of ours, as a future of `loop`. To cancel the future cancels what the promise stands for if it has a
 * `cancel()`, as a call into another thread has; any other is given up, and what it comes to is dropped.
 */
export function followPromise<T>(loop: BaseEventLoop, promise: PromiseLike<T>): Future<T> {
  const future = loop.createFuture<T>();
  loop[OUTSIDE].promises++;
  const wanted = (): boolean => !future.done() && !loop.isClosed();
  Promise.resolve(promise).then(
    // a promise as it is; another thenable may throw, or call back twice
    (value) => {
      if (wanted()) future.setResult(value);
    },
    (reason: unknown) => {
      if (!wanted()) return;
      if (reason instanceof CancelledError) future.cancel(messageOf(reason));
      else future.setException(reason);
    },
  );
  future.addDoneCallback(() => {
    loop[OUTSIDE].promises--;
    if (future.cancelled()) cancelIfItCan(promise);
  });
  return future;
}

/** Cancels something that runs already and will not be waited for. */
export function cancelIfItCan(running: object): void {
  const { cancel } = running as { cancel?: unknown };
  if (typeof cancel === 'function') cancel.call(running);
}
