import { getRunningLoop } from '@ringloop/core';
import { OUTSIDE } from '@ringloop/core/internal';
import type { Sleep } from './wait-queue.js';

/**
 * Makes a sleep in the running loop, which counts as waiting for another thread. @throws {LoopStateError}
 * ERR_NO_RUNNING_LOOP
 */
export function parkInLoop(): Sleep {
  const loop = getRunningLoop();
  const future = loop.createFuture<void>();
  const ended = loop[OUTSIDE].track('thread'); // an idle loop is no deadlock while it waits for another thread
  return {
    token: future,
    wake: () => {
      if (loop.isClosed()) return false;
      if (!future.done()) future.setResult();
      return true;
    },
    end: ended,
  };
}
