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

/** Looks taken in one turn of the thread before others get theirs. */
const LOOKS_A_TURN = 16;

/**
 * Where a thread receives the answers to its calls. It is an inbox like a loop's, but needs no loop: it runs what arrives
 * when it is woken. Made at the first call that wants an answer. An inbox has a lane for so many threads and no more; a thread that
 * calls into the loops of more has more reply inboxes.
 */
class ReplyInbox implements ReplyAddress {
  readonly address: InboxAddress = allocateInbox('replies');
  readonly #reader: InboxReader;
  #keptAwake = false;
  /** Threads that were told of it, as producers: each takes a lane when it answers. */
  readonly #told = new Set<number>();
  /** A thread's lane here cannot be read: whoever was told of this reply inbox may write there. */
  #corrupt = false;

  constructor() {
    this.#reader = new InboxReader(this.address, {
      addReady: (entry: Ready) => entry[RUN](),
      mayGoOn: () => true, // answers are no more than this thread has asked for
      putBack: () => undefined, // nothing here throws what ends a loop
      handlers: {
        calls: null,
        others: {
          [Kind.RESULT]: (lane, at) => settleWithValue(lane, at, 'finished'),
          [Kind.FAILURE]: (lane, at) => settleWithValue(lane, at, 'failed'),
          [Kind.CANCELLED]: (lane, at) => settle(lane.callIdAt(at), 'cancelled', undefined),
        },
      },
      released: () => undefined, // nobody blocks to reply
      corrupted: ({ producer }, reason) => this.#lose(producer, reason),
      wake: () => this.#look(),
      producerLeft: ({ producer }) => this.forget(producer),
    });
    this.#look();
    addReplyInbox(this.#reader);
  }

  /** Whether that thread may be told of it. True: it counts as told. */
  tryTell(owner: number): boolean {
    if (this.#corrupt || (this.#told.size >= LANES && !this.#told.has(owner))) return false;
    this.#told.add(owner);
    return true;
  }

  /** That thread takes no lane here any more. */
  forget(owner: number): void {
    this.#told.delete(owner);
  }

  /** What that thread has answered cannot be read, nor what it will answer here. */
  #lose(producer: number, reason: Error): void {
    this.#corrupt = true;
    loseCalls((writer) => writer.owner === producer, reason);
    process.emitWarning(reason);
  }

  /** Settles what has been answered by now, and sleeps again: who only looked would be acknowledged and never woken. */
  read(): void {
    this.#look();
  }

  /** Blocks the thread until something arrives, and runs it. */
  block(timeoutMs: number): void {
    if (!this.#reader.collect()) this.#reader.block(timeoutMs);
    this.#look(); // and sleeps again: of what comes later, nobody else would tell
  }

  /** Takes what has arrived. Until `rest()` nobody wakes its thread. */
  collect(): boolean {
    this.#keptAwake = true;
    return this.#reader.collect();
  }

  /** Its thread is about to sleep. */
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

/** The caller is told something: a reply that cannot be read is not in the way of those behind it. */
function settleWithValue(lane: LaneReader, at: number, kind: 'finished' | 'failed'): void {
  const callId = lane.callIdAt(at);
  let value: unknown;
  try {
    [value] = lane.readArguments(at);
  } catch (cause) {
    // A class that nobody has registered here, or objects nested deeper than the stack of this thread.
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

/** What another thread could not read of what this one has sent: its inbox, and why. It is sent as the answer to no call. */
export type LostLane = readonly [inboxId: string, reason: Error];

function loseLane([inboxId, reason]: LostLane): void {
  loseCalls((writer) => writer.inboxId === inboxId, reason);
}

const replyInboxes: ReplyInbox[] = [];

/** Settles at once what has been answered by now, rather than when the reply inbox wakes. */
export function readReplies(): void {
  for (const replyInbox of replyInboxes) replyInbox.read();
}

/** A reply inbox of this thread, for answers of the thread `owner`. */
export function replyInboxFor(owner: number): ReplyAddress {
  const known = replyInboxes.find((replyInbox) => replyInbox.tryTell(owner));
  if (known !== undefined) return known;
  const replyInbox = afresh(() => new ReplyInbox());
  replyInbox.tryTell(owner);
  replyInboxes.push(replyInbox);
  return replyInbox;
}

/** A thread has ended: others may be told of the reply inbox instead. */
export function forgetReplier(producer: number): void {
  for (const replyInbox of replyInboxes) replyInbox.forget(producer);
}

/** Takes the answers that have arrived, while this thread is awake anyhow. Until `restMailbox()` nobody wakes it for them. */
export function collectReplies(): boolean {
  let found = false;
  for (const replyInbox of replyInboxes) found = replyInbox.collect() || found;
  return found;
}

/** The thread that has called `collectReplies()` is about to sleep. */
export function restReplyInboxes(): void {
  for (const replyInbox of replyInboxes) replyInbox.rest();
}
