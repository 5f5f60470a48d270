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

/** This thread's inbox writers by inbox: one lane a thread, however many references it holds. */
const writers = new Map<string, InboxWriter>();
let sentBefore = 0;

/**
 * @throws {TooManyProducersError}
 * @throws {PeerExitedError} when the owner has ended
 * @throws {LoopStateError} ERR_LOOP_CLOSED when the loop was closed, ERR_OTHER_COPY when another copy of this package calls into it from
 * this thread
 */
export function inboxWriterTo(address: InboxAddress): InboxWriter {
  return writers.get(address.id) ?? afresh(() => openInboxWriter(address));
}

function openInboxWriter(address: InboxAddress): InboxWriter {
  listenForExits(); // first: an end that is told from now on is heard, and one told before has left its mark
  const memory = new InboxMemory(address.memory);
  if (isClosed(memory.words) || endOf(memory, address.name) !== null) throw closedError(memory, address.name);
  dropClosed();
  if (memory.hasLaneOf(thisProducer)) throw otherCopyCalls(address.name);
  const writer = new InboxWriter(address);
  writers.set(address.id, writer);
  return writer;
}

/** A lane has one writer, and answers go to one reply inbox: there may be one of them in a thread. */
function otherCopyCalls(name: string): LoopStateError {
  return new LoopStateError(
    `Cannot call into loop "${name}": another copy of ringloop calls into it from this thread, and this is ` +
      `${show(thisCopy)}. Have it installed once, see "npm ls @ringloop/core"`,
    'ERR_OTHER_COPY',
  );
}

/**
 * Loops come and go in a thread that stays: the memory of their inboxes goes when the next one is called. Where an answer is still to
 * come, the inbox writer stays until it has, or until `ownerEnded()` tells that it will not.
 */
function dropClosed(): void {
  for (const [inboxId, writer] of [...writers]) {
    if (writer.findClosed() && !pendingCalls.has(inboxId)) dropInboxWriter(inboxId);
  }
}

/** The inbox writer if this thread has one. */
export function peekInboxWriter(inboxId: string): InboxWriter | null {
  return writers.get(inboxId) ?? null;
}

/**
 * A thread has ended: references to the loops it had fail from now on, and the memory of their inboxes can go. Returns the inboxes
 * that this thread called into, with the error that stands for each.
 */
export function ownerEnded(owner: number): { inboxId: string; reason: PeerExitedError }[] {
  const ended: { inboxId: string; reason: PeerExitedError }[] = [];
  for (const [inboxId, writer] of [...writers]) {
    if (writer.owner !== owner) continue;
    writer.memory.abandon(); // its spawner may not know this inbox, and threads that come later look at the mark
    const reason = endOf(writer.memory, writer.name);
    if (reason === null) continue; // not so: it was marked just now
    writer.close(reason);
    dropInboxWriter(inboxId);
    ended.push({ inboxId, reason });
  }
  return ended;
}

/**
 * What was sent into those inboxes, or answered from there, cannot be read: what is pending there rejects, and references that were used
 * before throw `reason`. Others begin anew.
 */
export function loseCalls(isLost: (writer: InboxWriter) => boolean, reason: Error): void {
  for (const [inboxId, writer] of [...writers]) {
    if (!isLost(writer)) continue;
    writer.close(reason);
    dropInboxWriter(inboxId);
    pendingCalls.rejectAll(inboxId, reason);
  }
}

/** Gives back the lane in an inbox that nothing more is sent to; the next call would claim one again. */
export function dropInboxWriter(inboxId: string): void {
  const writer = writers.get(inboxId);
  if (writer === undefined) return;
  writers.delete(inboxId);
  sentBefore += writer.sent;
  writer.leave();
}

/** Calls made from this thread into all inboxes. */
export function callsSent(): number {
  let sent = sentBefore;
  for (const writer of writers.values()) sent += writer.sent;
  return sent;
}

/** This thread ends: others take its lanes back, so nothing may be written there any more. */
export function closeInboxWriters(): void {
  for (const writer of writers.values()) {
    writer.close(
      new LoopStateError(`Cannot call into loop "${writer.name}": this thread is ending`, 'ERR_LOOP_CLOSED'),
    );
  }
}
