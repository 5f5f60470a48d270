import { PeerExitedError } from './errors.js';
import { leaveLocalInboxes } from './local-inboxes.js';
import { ownerEnded } from './outboxes.js';
import { pendingCalls } from './pending-calls.js';

type ExitListener = (threadId: number) => void;

const listeners = new Set<ExitListener>();

/** Calls `listener` with the id of each thread of which this one learns that it has ended. */
export function onThreadExit(listener: ExitListener): void {
  listeners.add(listener);
}

/**
 * This thread learns that another one has ended: nothing its loop still owes will come, nothing is sent to it any more,
 * and the lanes it had here are read to their end.
 */
export function peerExited(
  inboxId: string,
  producer: number,
  message: string,
  cause: Error | null = null,
): void {
  const reason = new PeerExitedError(message, cause === null ? undefined : { cause });
  ownerEnded(inboxId, reason);
  pendingCalls.rejectAll(inboxId, reason);
  leaveLocalInboxes(producer);
  for (const listener of listeners) listener(producer - 1);
}
