import { types } from 'node:util';
import { asPlainError } from '../codec/error-codec.js';
import { CloneError } from '../errors.js';
import { closedError } from '../exits/closed-error.js';
import { NO_FAST_PATH } from '../inbox/lane-writer.js';
import { type InboxAddress, InboxMemory, thisProducer } from '../memory/inbox-memory.js';
import { Kind, type RecordKind } from '../memory/record.js';
import { isClosed } from '../memory/wake-word.js';
import type { RemoteFunction } from '../references/remote.js';
import { markProgress } from './blocking.js';
import type { CalledLoop, ConcurrentFuture } from './concurrent-future.js';
import { Drains } from './drains.js';
import { FunctionNumbers } from './function-numbers.js';
import { pendingCalls } from './pending-calls.js';
import { RecordSender } from './record-sender.js';
import { sendEventually } from './retry-send.js';
import { ThreadsafeHandle } from './threadsafe-handle.js';
import { THROW, type WhenFull } from './when-full.js';

/**
 * Where this thread gets replies. It is an interface because reply-inbox.ts itself uses inbox writers: some replies end
 * them.
 */
export interface ReplyAddress {
  readonly address: InboxAddress;
  /** Blocks the thread until something arrives, for at most `timeoutMs`, and handles it. */
  block(timeoutMs: number): void;
}

/** Statistics of this thread's calls into another loop. */
export interface LoopRefStatistics {
  /** Number of calls made, tasks included. */
  readonly callsSent: number;
  /**
   * Bytes of calls that have not run yet, including the approximate size of out-of-band messages. Bytes in smaller
   * rings before the present one are not counted.
   */
  readonly backlogBytes: number;
  /** Size of the present ring, in bytes. */
  readonly capacityBytes: number;
  /** How often a call found the ring full. */
  readonly timesFull: number;
  /** How often the calls continued in a larger ring. */
  readonly timesGrown: number;
  /** Number of calls that were refused because there was no room. */
  readonly callsRefused: number;
  /** How long this thread was blocked because there was no room, in seconds. */
  readonly blockedTime: number;
}

/** The call id of a message that belongs to no call, but says that a lane cannot be read. */
export const LOST_LANE = 0;

/** This thread's writing end of one inbox: its lane there, and the numbers by which it calls functions. */
export class InboxWriter implements CalledLoop {
  readonly #address: InboxAddress;
  readonly #memory: InboxMemory;
  readonly #sender: RecordSender;
  readonly #functions: FunctionNumbers;
  readonly #drains: Drains;
  /** Where replies go. Null until the owner has been told. */
  #replies: ReplyAddress | null = null;
  #sent = 0;

  /** @throws {TooManyProducersError}, {PeerExitedError}, {LoopStateError} ERR_LOOP_CLOSED */
  constructor(address: InboxAddress) {
    const { id, memory, name } = address;
    this.#address = address;
    this.#memory = new InboxMemory(memory);
    const lane = this.#memory.claimLane(name);
    if (lane === null) throw closedError(this.#memory, name);
    this.#sender = new RecordSender(this.#memory, id, name, lane);
    this.#functions = new FunctionNumbers((number, path, whenFull) =>
      this.#sender.put(Kind.DEFINE, number, 0, path, 'a function', whenFull),
    );
    this.#drains = new Drains(id, (timeout, attempt) =>
      this.#sender.block('wait until the calls have run', timeout, attempt),
    );
  }

  get inboxId(): string {
    return this.#address.id;
  }

  /** The name of the loop. */
  get name(): string {
    return this.#address.name;
  }

  /** The thread that owns the inbox, named as a producer: thread id + 1. */
  get owner(): number {
    return this.#memory.owner;
  }

  /** The memory of the inbox. */
  get memory(): InboxMemory {
    return this.#memory;
  }

  /** Number of calls made into this inbox from this thread, tasks included. */
  get sent(): number {
    return this.#sent;
  }

  statistics(): LoopRefStatistics {
    const { backlogBytes, blockedMs, lane, refused, timesFull } = this.#sender;
    return {
      callsSent: this.#sent,
      backlogBytes,
      capacityBytes: lane.ring.capacityBytes,
      timesFull: timesFull + lane.timesGrown,
      timesGrown: lane.timesGrown,
      callsRefused: refused,
      blockedTime: blockedMs / 1000,
    };
  }

  /** @throws as `LoopRef.callSoonThreadsafe()` does */
  call(whenFull: WhenFull, fn: RemoteFunction, ...args: readonly unknown[]): ThreadsafeHandle {
    const number = this.#functions.ofCallback(fn, whenFull);
    return this.#sentAt(this.#sender.put(Kind.CALL, number, 0, args, fn, whenFull));
  }

  /** The fast path of `call(whenFull, fn, value)`, which is the most common call. */
  callWithNumber(whenFull: WhenFull, fn: RemoteFunction, value: number): ThreadsafeHandle {
    const number = this.#functions.ofCallback(fn, whenFull);
    return this.#sentAt(this.#sender.putNumber(number, value, whenFull));
  }

  /** As `call(whenFull, fn, text)`, with a fast path for a short text. */
  callWithText(whenFull: WhenFull, fn: RemoteFunction, text: string): ThreadsafeHandle {
    const start = this.#sender.tryPutText(this.#functions.ofCallback(fn, whenFull), text);
    return start === NO_FAST_PATH ? this.call(whenFull, fn, text) : this.#sentAt(start);
  }

  /** @throws as `LoopRef.runCoroutineThreadsafe()` does */
  runTask<T>(
    whenFull: WhenFull,
    fn: RemoteFunction,
    args: readonly unknown[],
    replies: (owner: number) => ReplyAddress,
  ): ConcurrentFuture<T> {
    const future = pendingCalls.add<T>(this);
    try {
      if (this.#replies === null) this.#tellReplyAddress(replies(this.owner), whenFull);
      this.#sender.put(Kind.TASK, this.#functions.of(fn, whenFull), future.callId, args, fn, whenFull);
    } catch (thrown) {
      pendingCalls.take(future.callId);
      throw thrown;
    }
    this.#sent++;
    return future;
  }

  /** For the future of `runTask()`: asks the loop to cancel the task, and ignores how the task ends. */
  cancelCall(callId: number): void {
    pendingCalls.take(callId);
    sendEventually(() => this.cancelTask(callId));
  }

  /**
   * For the future of `runTask()`: blocks this thread until the reply has arrived. False: the timeout is over.
   * @param timeout seconds
   */
  waitFor(isDone: () => boolean, timeout: number): boolean {
    return this.#sender.block('wait for the result of a call', timeout, (timeoutMs) => {
      this.#replies?.block(timeoutMs);
      return isDone();
    });
  }

  /**
   * Returns a future that is done when the other loop has processed all records sent so far. It does not wait for what
   * async callbacks and tasks do after that.
   */
  drained(): ConcurrentFuture<void> {
    const { ring, tail } = this.#sender.lane;
    return this.#drains.add(ring, tail);
  }

  cancelTask(callId: number): void {
    // Never grow the ring for CANCEL: it is processed after the backlog anyway.
    this.#sender.put(Kind.CANCEL, 0, callId, [], 'cancel', THROW);
  }

  reply(callId: number, value: unknown): void {
    this.#sendReply(Kind.RESULT, callId, [value], 'the result');
  }

  /** Replies with an error. The caller gets a reply whatever was thrown, even if it cannot be sent. */
  replyError(callId: number, thrown: unknown): void {
    try {
      // A proxy cannot be sent: send a plain error that describes it.
      this.#sendReply(
        Kind.FAILURE,
        callId,
        [types.isProxy(thrown) ? asPlainError(thrown) : thrown],
        'the error',
      );
    } catch (refusal) {
      if (!(refusal instanceof CloneError)) throw refusal;
      this.#sendReply(Kind.FAILURE, callId, [asPlainError(thrown)], 'the error');
    }
  }

  replyCancelled(callId: number): void {
    this.#sendReply(Kind.CANCELLED, callId, [], 'the cancellation');
  }

  /**
   * Tells a reply inbox that records which its thread has sent into an inbox of this thread cannot be read, and that
   * everything behind them is lost.
   */
  tellLost(inboxId: string, reason: Error): void {
    this.#sendReply(Kind.FAILURE, LOST_LANE, [[inboxId, reason]], 'the end of a lane');
  }

  /** Makes all later calls fail with `reason`. */
  close(reason: Error): void {
    // Replaces an earlier reason: that the thread has ended says more than that the inbox is closed.
    this.#sender.closed = reason;
    this.#drains.forget(reason);
  }

  /** Whether the inbox is closed. If it is, all later calls fail, even if no earlier call has noticed it. */
  findClosed(): boolean {
    if (!isClosed(this.#memory.words)) return false;
    this.#sender.closed ??= closedError(this.#memory, this.name);
    return true;
  }

  /** Gives the lane back: this thread makes no more calls into the inbox. */
  leave(): void {
    if (this.#sender.closed !== null) this.#drains.forget(this.#sender.closed);
    this.#memory.leave(thisProducer);
    this.#sender.close();
  }

  #sentAt(start: number): ThreadsafeHandle {
    this.#sent++;
    return new ThreadsafeHandle(this.#sender.lane.ring, start);
  }

  #sendReply(kind: RecordKind, callId: number, args: readonly unknown[], what: string): void {
    this.#sender.put(kind, 0, callId, args, what);
    markProgress(this.owner); // the caller may be blocked until this reply arrives
  }

  #tellReplyAddress(replies: ReplyAddress, whenFull: WhenFull): void {
    const messageNumber = this.#sender.announce(replies.address, whenFull);
    this.#sender.put(Kind.REPLY_TO, 0, messageNumber, [], 'where replies go', whenFull);
    this.#replies = replies;
  }
}
