import { isClosed } from '../memory/wake-word.js';
import type { InboxMemory } from '../memory/inbox-memory.js';
import { listenForExits } from '../exits/thread-exits.js';

/** The inboxes that this thread owns, its loops' and its reply inbox, and how to wake who reads them. */
const inboxes = new Map<InboxMemory, () => void>();

/** This thread reads that inbox from now on, and learns which of its producers have ended. */
export function addOwnInbox(memory: InboxMemory, wake: () => void): void {
  inboxes.set(memory, wake);
  listenForExits();
}

/** The inbox is closed. */
export function removeOwnInbox(memory: InboxMemory): void {
  inboxes.delete(memory);
}

/** A thread has ended: its lanes here are read to their end and then free. */
export function leaveOwnInboxes(producer: number): void {
  for (const [memory, wake] of inboxes) {
    if (memory.leave(producer) && isClosed(memory.words)) wake(); // one that is being closed has no wake-up word any more
  }
}

/** This thread ends: nobody will read what is sent here. */
export function abandonOwnInboxes(): void {
  for (const memory of inboxes.keys()) memory.abandon();
}
