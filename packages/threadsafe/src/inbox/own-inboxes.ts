import { isClosed } from '../memory/wake-word.js';
import type { InboxMemory } from '../memory/inbox-memory.js';
import { listenForExits } from '../exits/thread-exits.js';

/**
 * The inboxes that this thread owns (those of its loops, and its reply inboxes), each with a function that wakes its
 * reader.
 */
const inboxes = new Map<InboxMemory, () => void>();

/** Adds an inbox that this thread reads. From now on the thread learns which of its producers have ended. */
export function addOwnInbox(memory: InboxMemory, wake: () => void): void {
  inboxes.set(memory, wake);
  listenForExits();
}

/** Removes an inbox that was closed. */
export function removeOwnInbox(memory: InboxMemory): void {
  inboxes.delete(memory);
}

/** Called when a thread has ended: its lanes in these inboxes are read to the end, and are free then. */
export function leaveOwnInboxes(producer: number): void {
  for (const [memory, wake] of inboxes) {
    if (memory.leave(producer) && isClosed(memory.words)) wake(); // a closing reader is not woken by leave()
  }
}

/** Called when this thread ends: nobody will read what is sent to it. */
export function abandonOwnInboxes(): void {
  for (const memory of inboxes.keys()) memory.abandon();
}
