import { isMainThread } from 'node:worker_threads';
import type { PeerExitedError } from './errors.js';
import type { InboxAddress } from './inbox-memory.js';
import { Outbox } from './outbox.js';

/** This thread's outboxes by inbox: one lane a thread, however many references it holds. */
const outboxes = new Map<string, Outbox>();
/** The inboxes whose owner has ended: all that is kept of them. */
const ended = new Map<string, PeerExitedError>();
let sentBefore = 0;
let leavesAtExit = isMainThread; // with the main thread all others end as well

/**
 * @throws {TooManyProducersError}
 * @throws {PeerExitedError} when the owner has ended
 */
export function outboxTo(address: InboxAddress): Outbox {
  const known = outboxes.get(address.id);
  if (known !== undefined) return known;
  const reason = ended.get(address.id);
  if (reason !== undefined) throw reason;
  const outbox = new Outbox(address);
  outboxes.set(address.id, outbox);
  if (!leavesAtExit) {
    // A worker gives its lanes back when it ends; if it is terminated, the group that sees it end does.
    leavesAtExit = true;
    process.once('exit', leaveAll);
  }
  return outbox;
}

/** The outbox if this thread has one. */
export function peekOutbox(inboxId: string): Outbox | null {
  return outboxes.get(inboxId) ?? null;
}

/** The owner of the inbox has ended: references to it fail with `reason`, and its memory can go. */
export function ownerEnded(inboxId: string, reason: PeerExitedError): void {
  ended.set(inboxId, reason);
  outboxes.get(inboxId)?.close(reason);
  dropOutbox(inboxId);
}

/** Gives back the lane in an inbox that nothing more is sent to; the next call would claim one again. */
export function dropOutbox(inboxId: string): void {
  const outbox = outboxes.get(inboxId);
  if (outbox === undefined) return;
  outboxes.delete(inboxId);
  sentBefore += outbox.sent;
  outbox.leave();
}

/** Inboxes that this thread has a lane in. */
export function outboxCount(): number {
  return outboxes.size;
}

/** Calls made from this thread into all inboxes. */
export function callsSent(): number {
  let sent = sentBefore;
  for (const outbox of outboxes.values()) sent += outbox.sent;
  return sent;
}

function leaveAll(): void {
  for (const outbox of outboxes.values()) outbox.leave();
}
