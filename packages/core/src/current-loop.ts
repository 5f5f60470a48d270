import { LoopStateError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { peekRunningLoop } from './running-loop.js';

// One per thread: each worker has its own instance of this module.
let current: BaseEventLoop | null = null;

/**
 * The loop that runs in this thread, or else the one that was set for it. None is made. Python: asyncio.get_event_loop().
 * @throws {LoopStateError} ERR_NO_CURRENT_LOOP
 */
export function getEventLoop(): BaseEventLoop {
  const loop = peekRunningLoop() ?? current;
  if (loop === null)
    throw new LoopStateError('There is no current event loop in this thread.', 'ERR_NO_CURRENT_LOOP');
  return loop;
}

/** Makes `loop` this thread's own, or none. Python: asyncio.set_event_loop(). */
export function setEventLoop(loop: BaseEventLoop | null): void {
  current = loop;
}

/** The loop that `setEventLoop()` was given. */
export function peekCurrentLoop(): BaseEventLoop | null {
  return current;
}
