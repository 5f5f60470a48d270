import { LoopStateError } from '@ringloop/core';
import { show, thisCopy } from '@ringloop/core/internal';
import { afresh } from '../afresh.js';
import { isClosed } from '../memory/wake-word.js';
import { closedError } from '../exits/closed-error.js';
import type { PeerExitedError } from '../errors.js';
import { endOf, listenForExits } from '../exits/thread-exits.js';
import { type InboxAddress, InboxMemory, thisProducer } from '../memory/inbox-memory.js';
import { InboxWriter } from './inbox-writer.js';
import { pendingCalls } from './pending-calls.js';

/**
 * This thread's inbox writers by inbox id. A thread has one lane in an inbox, however many references to it there are.
 */
const writers = new Map<string, InboxWriter>();
let sentBefore = 0;

/**
 * Returns this thread's inbox writer for an inbox, which is made at the first call.
 * @throws {TooManyProducersError}
 * @throws {PeerExitedError} when the owner has ended
 * @throws {LoopStateError} ERR_LOOP_CLOSED when the loop was closed, ERR_OTHER_COPY when another copy of this package
 * calls into it from this thread
 */
export function inboxWriterTo(address: InboxAddress): InboxWriter {
  return writers.get(address.id) ?? afresh(() => openInboxWriter(address));
}

function openInboxWriter(address: InboxAddress): InboxWriter {
  listenForExits(); // listen first: a later end is heard, and an earlier one has left its mark
  const memory = new InboxMemory(address.memory);
  if (isClosed(memory.words) || endOf(memory, address.name) !== null) throw closedError(memory, address.name);
  dropClosed();
  if (memory.hasLaneOf(thisProducer)) throw otherCopyCalls(address.name);
  const writer = new InboxWriter(address);
  writers.set(address.id, writer);
  return writer;
}

/**
 * The error for a second copy of this package in one thread. A lane has one writer, and replies go to one reply inbox,
 * so only one copy can call into a loop.
 */
function otherCopyCalls(name: string): LoopStateError {
  return new LoopStateError(
    `Cannot call into loop "${name}": another copy of ringloop calls into it from this thread, and this is ` +
      `${show(thisCopy)}. Have it installed once, see "npm ls @ringloop/core"`,
    'ERR_OTHER_COPY',
  );
}

/**
 * Drops the inbox writers of closed loops when the next loop is called, so that their memory can be freed in a thread
 * that outlives many loops. An inbox writer with a pending reply stays until the reply has come, or until
 * `ownerEnded()` says that it will not come.
 */
function dropClosed(): void {
  for (const [inboxId, writer] of [...writers]) {
    if (writer.findClosed() && !pendingCalls.has(inboxId)) dropInboxWriter(inboxId);
  }
}

/** This thread's inbox writer for an inbox, or null if it has none. */
export function peekInboxWriter(inboxId: string): InboxWriter | null {
  return writers.get(inboxId) ?? null;
}

/**
 * Called when a thread has ended: references to its loops fail from now on, and the memory of their inboxes can be
 * freed. Returns the inboxes that this thread called into, each with the error for its pending calls.
 */
export function ownerEnded(owner: number): { inboxId: string; reason: PeerExitedError }[] {
  const ended: { inboxId: string; reason: PeerExitedError }[] = [];
  for (const [inboxId, writer] of [...writers]) {
    if (writer.owner !== owner) continue;
    writer.memory.abandon(); // threads that look later need the mark, and the spawner may not know this inbox
    const reason = endOf(writer.memory, writer.name);
    if (reason === null) continue; // never: it was marked just now
    writer.close(reason);
    dropInboxWriter(inboxId);
    ended.push({ inboxId, reason });
  }
  return ended;
}

/**
 * Gives up the selected inbox writers, because what was sent there, or replied from there, cannot be read. Calls that
 * are pending there are rejected, and references that were used before throw `reason`. References that were not used
 * before begin anew.
 */
export function loseCalls(isLost: (writer: InboxWriter) => boolean, reason: Error): void {
  for (const [inboxId, writer] of [...writers]) {
    if (!isLost(writer)) continue;
    writer.close(reason);
    dropInboxWriter(inboxId);
    pendingCalls.rejectAll(inboxId, reason);
  }
}

/** Gives back this thread's lane in an inbox. A later call there would claim a lane again. */
export function dropInboxWriter(inboxId: string): void {
  const writer = writers.get(inboxId);
  if (writer === undefined) return;
  writers.delete(inboxId);
  sentBefore += writer.sent;
  writer.leave();
}

/** Number of calls made from this thread into all inboxes. */
export function callsSent(): number {
  let sent = sentBefore;
  for (const writer of writers.values()) sent += writer.sent;
  return sent;
}

/** Called when this thread ends: others take its lanes back, so it must not write there any more. */
export function closeInboxWriters(): void {
  for (const writer of writers.values()) {
    writer.close(
      new LoopStateError(`Cannot call into loop "${writer.name}": this thread is ending`, 'ERR_LOOP_CLOSED'),
    );
  }
}
