import { getRunningLoop } from '@ringloop/core';
import { OUTSIDE } from '@ringloop/core/internal';
import type { Sleep } from './wait-queue.js';

/** Sleeps in the running loop, which waits for another thread meanwhile. @throws {LoopStateError} ERR_NO_RUNNING_LOOP */
export function parkInLoop(): Sleep {
  const loop = getRunningLoop();
  const future = loop.createFuture<void>();
  loop[OUTSIDE].threads++; // nothing ready and nothing scheduled is no deadlock
  return {
    token: future,
    wake: () => {
      if (loop.isClosed()) return false;
      if (!future.done()) future.setResult();
      return true;
    },
    end: () => {
      loop[OUTSIDE].threads--;
    },
  };
}
