import { checkCallback } from './check-callback.js';
import { CancelledError, typeError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { OUTSIDE } from './loop-internals.js';
import type { Executor } from './ports/executor.js';
import type { Future } from './future.js';
import { inspect } from 'node:util';

/** The body of `loop.runInExecutor()`. */
export function runInExecutor<A extends unknown[], R>(
  loop: BaseEventLoop,
  executor: Executor,
  fn: (...args: A) => R,
  args: A,
): Future<Awaited<R>> {
  checkExecutor(executor);
  if (typeof fn !== 'function') checkCallback(fn, 'runInExecutor'); // an async function may run in another thread
  const job = executor.submit(fn, args);
  const future = loop.createFuture<Awaited<R>>();
  const ended = loop[OUTSIDE].track('thread');
  // The result may come after the loop was closed, or after the future was cancelled. Then it is dropped.
  const wanted = (): boolean => {
    ended();
    return !future.done() && !loop.isClosed();
  };
  job.result.then(
    (value) => {
      if (wanted()) future.setResult(value);
    },
    (reason: unknown) => {
      if (!wanted()) return;
      if (reason instanceof CancelledError) future.cancel();
      else future.setException(reason);
    },
  );
  future.addDoneCallback(() => {
    if (future.cancelled()) job.cancel();
  });
  return future;
}

/** @throws {TypeError} unless `executor` has the methods of an Executor */
export function checkExecutor(executor: unknown): asserts executor is Executor {
  const { submit, shutdown } = (executor ?? {}) as Partial<Executor>;
  if (typeof submit === 'function' && typeof shutdown === 'function') return;
  throw typeError(`executor must have submit() and shutdown(), got ${inspect(executor, { depth: 0 })}`);
}
