import { isMainThread } from 'node:worker_threads';
import { type InboxAddress } from './inbox-memory.js';
import { Outbox } from './outbox.js';

/** This thread's outboxes by inbox: one lane a thread, however many references it holds. */
const outboxes = new Map<string, Outbox>();

/** @throws {TooManyProducersError} */
export function outboxTo(address: InboxAddress): Outbox {
  const known = outboxes.get(address.id);
  if (known !== undefined) return known;
  const outbox = new Outbox(address);
  // A worker gives its lanes back when it ends; if it is terminated, the group that sees it end does.
  if (outboxes.size === 0 && !isMainThread) process.once('exit', leaveAll);
  outboxes.set(address.id, outbox);
  return outbox;
}

/** The outbox if this thread has one. */
export function peekOutbox(inboxId: string): Outbox | null {
  return outboxes.get(inboxId) ?? null;
}

/** The owner of the inbox has ended: references that still hold its outbox fail with `reason`. */
export function forgetOutbox(inboxId: string, reason: Error): void {
  outboxes.get(inboxId)?.close(reason);
}

/** Calls made from this thread into all inboxes. */
export function callsSent(): number {
  let sent = 0;
  for (const outbox of outboxes.values()) sent += outbox.sent;
  return sent;
}

function leaveAll(): void {
  for (const outbox of outboxes.values()) outbox.leave();
}
