import type { InboxMemory } from './inbox-memory.js';
import { listenForExits } from './exit-news.js';

/** The inboxes that this thread owns: its loops' and its mailbox. */
const inboxes = new Set<InboxMemory>();

/** This thread reads that inbox from now on, and learns which of its producers have ended. */
export function addLocalInbox(memory: InboxMemory): void {
  inboxes.add(memory);
  listenForExits();
}

/** The inbox is closed. */
export function removeLocalInbox(memory: InboxMemory): void {
  inboxes.delete(memory);
}

/** A thread has ended: its lanes here are read to their end and then free. */
export function leaveLocalInboxes(producer: number): void {
  for (const memory of inboxes) memory.leave(producer);
}

/** This thread ends: nobody will read what is sent here. */
export function abandonLocalInboxes(): void {
  for (const memory of inboxes) memory.abandon();
}
