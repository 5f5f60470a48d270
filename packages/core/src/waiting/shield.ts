import { tracebackOf } from '../debug/creation-stack.js';
import { ensureFuture } from '../ensure-future.js';
import type { Future } from '../future.js';
import type { Joinable, ResultOf } from './gather.js';

/**
 * Waits for `awaitable` without ever cancelling it: cancelling the returned future leaves the inner one running. If the
 * inner one fails after that, its error goes to the exception handler, because nobody waits for it any more. A future
 * that is already done is returned as it is. Python: asyncio.shield().
 * @throws {TypeError} when `awaitable` is neither a future nor a coroutine nor a promise
 * @throws {LoopStateError} ERR_NO_CURRENT_LOOP
 */
export function shield<A extends Joinable>(awaitable: A): Future<ResultOf<A>> {
  const inner = ensureFuture(awaitable as Joinable<ResultOf<A>>); // the type of its result, by ResultOf
  if (inner.done()) return inner;
  const outer = inner.getLoop().createFuture<ResultOf<A>>();
  const passOn = (): void => {
    if (outer.cancelled()) return;
    if (inner.cancelled()) {
      outer.cancel();
      return;
    }
    const error = inner.exception();
    if (error === null) outer.setResult(inner.result());
    else outer.setException(error);
  };
  inner.addDoneCallback(passOn);
  outer.addDoneCallback(() => {
    if (inner.done()) return;
    inner.removeDoneCallback(passOn);
    inner.removeDoneCallback(reportFailure); // report its error once, however often it is shielded
    inner.addDoneCallback(reportFailure);
  });
  return outer;
}

function reportFailure(inner: Future<unknown>): void {
  const exception = inner.cancelled() ? null : inner.exception();
  if (exception === null) return;
  inner.getLoop().callExceptionHandler({
    message: `${exception.name} exception in shielded future`,
    exception,
    future: inner,
    ...tracebackOf(inner),
  });
}
