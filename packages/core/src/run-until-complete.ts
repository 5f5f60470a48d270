import { endsTheLoop, LoopStateError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { Future } from './future.js';
import { MAIN, STOP_AFTER_BATCH } from './loop-internals.js';
import { keepQuiet } from './debug/quiet-tasks.js';
import type { Coroutine } from './coroutine.js';
import { ensureFuture } from './ensure-future.js';

/** The body of `loop.runUntilComplete()`. */
export async function runUntilComplete<T>(
  loop: BaseEventLoop,
  awaitable: Future<T> | Coroutine<T> | PromiseLike<T>,
): Promise<T> {
  loop.checkRunnable(); // before anything is wrapped: a refused call must leave no task behind
  const future = ensureFuture(awaitable, { loop });
  if (future !== awaitable) keepQuiet(future);
  let waiting = true;
  const onDone = (): void => {
    if (!waiting) return; // it was queued when the run ended for another reason
    // An error that ends the loop has done so already; a stop left behind would end the next run.
    if (!future.cancelled() && endsTheLoop(future.exception())) return;
    loop[STOP_AFTER_BATCH]();
  };
  future.addDoneCallback(onDone);
  loop[MAIN] = future;
  try {
    await loop.runForever();
  } catch (thrown) {
    // The error is on its way to the caller: the task that we made need not report it as well.
    if (future !== awaitable && future.done() && !future.cancelled()) future.exception();
    throw thrown;
  } finally {
    waiting = false;
    loop[MAIN] = null;
    future.removeDoneCallback(onDone);
  }
  if (!future.done())
    throw new LoopStateError('Event loop stopped before Future completed.', 'ERR_LOOP_STOPPED');
  return future.result();
}
