import { type Ready, RUN, toError } from '@ringloop/core/internal';
import { afresh } from '../afresh.js';
import { allocateInbox, type InboxAddress, LANES } from '../memory/inbox-memory.js';
import { InboxReader } from '../inbox/inbox-reader.js';
import { addReplyInbox } from '../inbox/eventfd-wakeup.js';
import { type ReplyAddress, LOST_LANE } from './inbox-writer.js';
import { loseCalls } from './inbox-writers.js';
import { CloneError } from '../errors.js';
import type { LaneReader } from '../inbox/lane-reader.js';
import { Kind } from '../memory/record.js';
import type { ReplyKind } from './concurrent-future.js';
import { pendingCalls } from './pending-calls.js';

/** How often it looks for replies in one turn of the thread, before other work gets a turn. */
const LOOKS_A_TURN = 16;

/**
 * Where a thread receives the replies to its calls. It is an inbox like a loop's, but needs no loop: it handles replies
 * when it is woken. It is made at the first call that wants a reply. An inbox has a fixed number of lanes, so a thread
 * that calls into the loops of more threads has several reply inboxes.
 */
class ReplyInbox implements ReplyAddress {
  readonly address: InboxAddress = allocateInbox('replies');
  readonly #reader: InboxReader;
  #keptAwake = false;
  /** Threads that were told to reply here, named as producers. Each takes a lane when it replies. */
  readonly #told = new Set<number>();
  /**
   * Whether a lane here could not be read. Then no more threads are told to reply here; those that were told may still
   * do so.
   */
  #corrupt = false;

  constructor() {
    this.#reader = new InboxReader(this.address, {
      addReady: (entry: Ready) => entry[RUN](),
      mayGoOn: () => true, // no limit: this thread has asked for every reply
      putBack: () => undefined, // never needed: nothing here throws an error that ends a loop
      handlers: {
        calls: null,
        others: {
          [Kind.RESULT]: (lane, at) => settleWithValue(lane, at, 'finished'),
          [Kind.FAILURE]: (lane, at) => settleWithValue(lane, at, 'failed'),
          [Kind.CANCELLED]: (lane, at) => settle(lane.callIdAt(at), 'cancelled', undefined),
        },
      },
      released: () => undefined, // no thread blocks for room in a reply inbox
      corrupted: ({ producer }, reason) => this.#lose(producer, reason),
      wake: () => this.#look(),
      producerLeft: ({ producer }) => this.forget(producer),
    });
    this.#look();
    addReplyInbox(this.#reader);
  }

  /** Whether the thread `owner` may be told to reply here. If it may, it counts as told. */
  tryTell(owner: number): boolean {
    if (this.#corrupt || (this.#told.size >= LANES && !this.#told.has(owner))) return false;
    this.#told.add(owner);
    return true;
  }

  /** Forgets that a thread was told: it takes no lane here any more. */
  forget(owner: number): void {
    this.#told.delete(owner);
  }

  /** Called when the replies of a thread cannot be read: gives up all calls that the thread had to reply to. */
  #lose(producer: number, reason: Error): void {
    this.#corrupt = true;
    loseCalls((writer) => writer.owner === producer, reason);
    process.emitWarning(reason);
  }

  /**
   * Settles the calls whose replies have arrived, and goes to sleep again. Without that, the next reply would wake
   * nobody.
   */
  read(): void {
    this.#look();
  }

  /** Blocks the thread until something arrives, for at most `timeoutMs`, and handles it. */
  block(timeoutMs: number): void {
    if (!this.#reader.collect()) this.#reader.block(timeoutMs);
    this.#look(); // also goes to sleep again: otherwise the next reply would wake nobody
  }

  /** Handles the replies that have arrived. Until `rest()`, nobody wakes the thread for more. */
  collect(): boolean {
    this.#keptAwake = true;
    return this.#reader.collect();
  }

  /** Called when the thread is about to sleep after `collect()`: later replies wake it again. */
  rest(): void {
    if (!this.#keptAwake) return;
    this.#keptAwake = false;
    this.#look();
  }

  #look(): void {
    for (let looks = 0; looks < LOOKS_A_TURN; looks++) {
      if (!this.#reader.collect() && this.#reader.trySleep()) return;
    }
    setImmediate(() => this.#look());
  }
}

/**
 * Settles a call with the value of a reply. If the value cannot be read, the call fails, and later replies are not
 * affected.
 */
function settleWithValue(lane: LaneReader, at: number, kind: 'finished' | 'failed'): void {
  const callId = lane.callIdAt(at);
  let value: unknown;
  try {
    [value] = lane.readArguments(at);
  } catch (cause) {
    // For example, a class is not registered in this thread, or objects are nested too deeply for its stack.
    const what = kind === 'finished' ? 'the result' : 'the error';
    settle(
      callId,
      'failed',
      new CloneError(`Cannot read ${what} of a call: ${toError(cause).message}`, { cause }),
    );
    return;
  }
  settle(callId, kind, value);
}

function settle(callId: number, kind: ReplyKind, value: unknown): void {
  if (callId === LOST_LANE) loseLane(value as LostLane);
  else pendingCalls.take(callId)?.settleWith(kind, value);
}

/**
 * Says that another thread could not read what this thread has sent: the inbox, and why. It is sent as a reply to call
 * id LOST_LANE.
 */
export type LostLane = readonly [inboxId: string, reason: Error];

function loseLane([inboxId, reason]: LostLane): void {
  loseCalls((writer) => writer.inboxId === inboxId, reason);
}

const replyInboxes: ReplyInbox[] = [];

/** Settles the calls whose replies have arrived at once, rather than when the reply inbox is woken. */
export function readReplies(): void {
  for (const replyInbox of replyInboxes) replyInbox.read();
}

/** Returns a reply inbox of this thread for replies of the thread `owner`. */
export function replyInboxFor(owner: number): ReplyAddress {
  const known = replyInboxes.find((replyInbox) => replyInbox.tryTell(owner));
  if (known !== undefined) return known;
  const replyInbox = afresh(() => new ReplyInbox());
  replyInbox.tryTell(owner);
  replyInboxes.push(replyInbox);
  return replyInbox;
}

/** Called when a thread has ended: another thread may be told of the reply inbox in its place. */
export function forgetReplier(producer: number): void {
  for (const replyInbox of replyInboxes) replyInbox.forget(producer);
}

/**
 * Handles the replies that have arrived, while this thread is awake anyway. Until `restReplyInboxes()`, nobody wakes it
 * for more.
 */
export function collectReplies(): boolean {
  let found = false;
  for (const replyInbox of replyInboxes) found = replyInbox.collect() || found;
  return found;
}

/** Called when the thread is about to sleep after `collectReplies()`. */
export function restReplyInboxes(): void {
  for (const replyInbox of replyInboxes) replyInbox.rest();
}
