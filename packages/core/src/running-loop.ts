import { LoopStateError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { otherCopyRuns, tellRunning } from './process-registry.js';

// One per thread: each worker has its own instance of this module.
let running: BaseEventLoop | null = null;

/**
 * The loop that runs in this thread. Python: asyncio.get_running_loop().
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, ERR_OTHER_COPY when the running loop is of another copy of this package
 */
export function getRunningLoop(): BaseEventLoop {
  if (running === null) throw noRunningLoop();
  return running;
}

/** The loop that runs in this thread, or null. */
export function peekRunningLoop(): BaseEventLoop | null {
  return running;
}

/** Called by the loop when it starts and when it has stopped running. */
export function setRunningLoop(loop: BaseEventLoop | null): void {
  running = loop;
  tellRunning(loop !== null);
}

function noRunningLoop(): LoopStateError {
  const other = otherCopyRuns();
  return other === null
    ? new LoopStateError('no running event loop', 'ERR_NO_RUNNING_LOOP')
    : new LoopStateError(`no running event loop: ${other}`, 'ERR_OTHER_COPY');
}
