import type { InboxMemory } from './inbox-memory.js';

/** The inboxes that this thread owns: its loops' and its mailbox. */
const inboxes = new Set<InboxMemory>();

export function addLocalInbox(memory: InboxMemory): void {
  inboxes.add(memory);
}

export function removeLocalInbox(memory: InboxMemory): void {
  inboxes.delete(memory);
}

/** A thread has ended: its lanes here are read to their end and then free. */
export function leaveLocalInboxes(producer: number): void {
  for (const memory of inboxes) memory.leave(producer);
}
