import { type Ready, RUN } from '@ringloop/core/internal';
import { InternalError } from '@ringloop/core';
import { allocateInbox, type InboxAddress } from './inbox-memory.js';
import { InboxReader } from './inbox-reader.js';
import type { AnswerBox } from './outbox.js';
import { pendingCalls } from './pending-calls.js';

/** Looks taken in one turn of the thread before others get theirs. */
const LOOKS_A_TURN = 16;

/**
 * Where a thread receives the answers to its calls. It is an inbox like a loop's, but needs no loop: it runs what arrives
 * when it is woken. Made at the first call that wants an answer.
 */
class Mailbox implements AnswerBox {
  readonly address: InboxAddress = allocateInbox('mailbox');
  readonly #reader: InboxReader;
  #keptAwake = false;

  constructor() {
    this.#reader = new InboxReader(this.address, {
      addReady: (entry: Ready) => entry[RUN](),
      mayGoOn: () => true, // answers are no more than this thread has asked for
      putBack: () => undefined, // nothing here throws what ends a loop
      startTask: refuseCalls,
      refuseTask: refuseCalls,
      cancelTask: refuseCalls,
      released: () => undefined, // nobody blocks to answer
      answer: (call, how, value) => pendingCalls.take(call)?.settleWith(how, value),
      failedCallback: refuseCalls,
      corrupted: (_, reason) => process.emitWarning(reason),
      wake: () => this.#look(),
      producerLeft: () => undefined,
    });
    this.#look();
  }

  /** Settles what has been answered by now, and sleeps again: who only looked would be hushed and never woken. */
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

function refuseCalls(): never {
  throw new InternalError('A mailbox was asked to run a call');
}

let mailbox: Mailbox | null = null;

/** Settles at once what has been answered by now, rather than when the mailbox wakes. */
export function readMailbox(): void {
  mailbox?.read();
}

/** This thread's mailbox. */
export function thisMailbox(): AnswerBox {
  mailbox ??= new Mailbox();
  return mailbox;
}

/** Takes the answers that have arrived, while this thread is awake anyhow. Until `restMailbox()` nobody wakes it for them. */
export function collectAnswers(): boolean {
  return mailbox?.collect() ?? false;
}

/** The thread that has called `collectAnswers()` is about to sleep. */
export function restMailbox(): void {
  mailbox?.rest();
}
