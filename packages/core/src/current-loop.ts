import { LoopStateError, typeError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { inspectSafely } from './debug/inspect-safely.js';
import { otherCopyRuns } from './process-registry.js';
import { peekRunningLoop } from './running-loop.js';

// One per thread: each worker has its own instance of this module.
let current: BaseEventLoop | null = null;

/**
 * The loop that runs in this thread, or else the one that `setEventLoop()` has set. Never makes a loop.
 * Python: asyncio.get_event_loop().
 * @throws {LoopStateError} ERR_NO_CURRENT_LOOP, ERR_OTHER_COPY when the running loop is of another copy of this package
 */
export function getEventLoop(): BaseEventLoop {
  const loop = peekRunningLoop() ?? current;
  if (loop !== null) return loop;
  const other = otherCopyRuns();
  if (other !== null) throw new LoopStateError(`There is no current event loop: ${other}`, 'ERR_OTHER_COPY');
  throw new LoopStateError('There is no current event loop in this thread.', 'ERR_NO_CURRENT_LOOP');
}

/**
 * Sets the loop of this thread, or removes it if `loop` is null. Python: asyncio.set_event_loop().
 * @throws {TypeError} when `loop` is neither an event loop nor null
 */
export function setEventLoop(loop: BaseEventLoop | null): void {
  if (loop !== null && typeof (loop as Partial<BaseEventLoop>).runUntilComplete !== 'function') {
    throw typeError(`loop must be an event loop or null, got ${inspectSafely(loop, { depth: 0 })}`);
  }
  current = loop;
}

/** The loop that was passed to `setEventLoop()`, or null. */
export function peekCurrentLoop(): BaseEventLoop | null {
  return current;
}
