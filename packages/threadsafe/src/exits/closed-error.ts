import { LoopStateError } from '@ringloop/core';
import { endOf } from './thread-exits.js';
import type { InboxMemory } from '../memory/inbox-memory.js';

/** The error that says why nobody reads an inbox any more: its thread has ended, or its loop was closed. */
export function closedError(memory: InboxMemory, loopName: string): Error {
  const reason = endOf(memory, loopName); // the news of the end may still be on its way
  if (reason !== null) return reason;
  return new LoopStateError(`Cannot call into loop "${loopName}": Event loop is closed`, 'ERR_LOOP_CLOSED');
}
