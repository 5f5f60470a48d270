import type { BaseEventLoop } from './event-loop.js';
import { Future } from './future.js';
import { OUTSIDE } from './loop-internals.js';

/**
 * How an async function ends that runs as part of a generator coroutine's task, for the generator to wait. This wait itself is
 * not cancelled, or the function would go on alone: the cancellation stays with the task, and the function's next await takes it.
 */
export class BodyOutcome<T> extends Future<PromiseSettledResult<Awaited<T>>> {
  constructor(loop: BaseEventLoop, body: PromiseLike<T>) {
    super(loop);
    loop[OUTSIDE].promises++;
    void Promise.allSettled([body]).then(([outcome]) => {
      loop[OUTSIDE].promises--;
      if (!loop.isClosed()) this.setResult(outcome);
    });
  }

  override cancel(): boolean {
    return false;
  }
}
