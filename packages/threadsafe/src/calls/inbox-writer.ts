import { types } from 'node:util';
import { InternalError } from '@ringloop/core';
import { checkCallback, isStopFunction } from '@ringloop/core/internal';
import { keepPlan, planArguments, sendOutOfBand, writeArguments } from '../codec/arguments.js';
import { isClosed, wake } from '../memory/wake-word.js';
import { block, markProgress } from './blocking.js';
import { closedError } from '../exits/closed-error.js';
import type { CalledLoop, ConcurrentFuture } from './concurrent-future.js';
import { Drains } from './drains.js';
import { asPlainError } from '../codec/error-codec.js';
import { CloneError, RingFullError } from '../errors.js';
import { type InboxAddress, InboxMemory, thisProducer } from '../memory/inbox-memory.js';
import {
  FULL_LANE,
  LaneWriter,
  NO_FAST_PATH,
  SEALED_LANE,
  writeCallWithNumber,
  writeRecord,
} from '../inbox/lane-writer.js';
import { pendingCalls } from './pending-calls.js';
import { Posted } from '../codec/posted.js';
import { type RemoteFunction, remoteIdOf } from '../references/remote.js';
import { Kind, RECORD_BYTES, type RecordKind, sizeOf } from '../memory/ring.js';
import { sendEventually } from './retry-send.js';
import { type TransferPort, transferPortTo } from '../out-of-band/transfer-port.js';
import { BroadcastSender } from '../out-of-band/broadcast.js';
import { ThreadsafeHandle } from './threadsafe-handle.js';
import { takeAway, unmark } from '../codec/transfer.js';
import { stop } from './builtin-functions.js';
import { SPILL, THROW, type WhenFull } from './when-full.js';

/** Where this thread gets answers; a port, since what arrives there may end inbox writers. */
export interface ReplyAddress {
  readonly address: InboxAddress;
  /** Blocks the thread until something arrives, and takes it. */
  block(timeoutMs: number): void;
}

/** What this thread's way into another loop has seen. */
export interface LoopRefStatistics {
  /** Calls made, tasks included. */
  readonly callsSent: number;
  /** Bytes of calls that have not run yet, with about what was posted beside the ring. Those in smaller rings, before the present one, are not counted. */
  readonly backlogBytes: number;
  /** Size of the present ring. */
  readonly capacityBytes: number;
  /** How often a call found the ring full. */
  readonly timesFull: number;
  /** How often the calls went on in a larger ring. */
  readonly timesGrown: number;
  /** Calls that were refused for want of room. */
  readonly callsRefused: number;
  /** Seconds that this thread was blocked for want of room. */
  readonly blockedTime: number;
}

/** The number of no call: says that a lane cannot be read. */
export const LOST_LANE = 0;

/** No argument is equal to it. */
const NONE = Symbol('no function');

/** This thread's way into one inbox: its lane there, and the numbers agreed on for functions. */
export class InboxWriter implements CalledLoop {
  readonly #address: InboxAddress;
  readonly #memory: InboxMemory;
  readonly #broadcast: BroadcastSender;
  readonly #writer: LaneWriter;
  /** Functions that the owner has been told of, and those of them that may be called rather than run as a task. */
  readonly #functions = new Map<RemoteFunction, number>();
  readonly #callbacks = new Map<RemoteFunction, number>();
  /** A producer mostly calls the same function again: no look-up then. */
  #lastCallback: unknown = NONE;
  #lastNumber = 0;
  /** Where answers go, when the owner has been told. */
  #answers: ReplyAddress | null = null;
  /** Why no call gets through any more. */
  #closed: Error | null = null;
  #sent = 0;
  #timesFull = 0;
  #callsRefused = 0;
  #blockedMs = 0;
  readonly #drains: Drains;
  readonly #posted = new Posted();

  /** @throws {TooManyProducersError}, {PeerExitedError}, {LoopStateError} ERR_LOOP_CLOSED */
  constructor(address: InboxAddress) {
    this.#address = address;
    this.#memory = new InboxMemory(address.memory);
    const lane = this.#memory.claimLane(address.name);
    if (lane === null) throw closedError(this.#memory, address.name);
    const first = this.#memory.ring(lane);
    this.#broadcast = new BroadcastSender(address.id, thisProducer, first.header);
    this.#writer = new LaneWriter(first, this.#broadcast.send);
    this.#drains = new Drains(address.id, (timeout, attempt) =>
      this.#block('wait until the calls have run', timeout, attempt),
    );
  }

  get inboxId(): string {
    return this.#address.id;
  }

  /** Calls made into this inbox from this thread, tasks included. */
  get sent(): number {
    return this.#sent;
  }

  statistics(): LoopRefStatistics {
    return {
      callsSent: this.#sent,
      backlogBytes: this.#writer.backlogBytes + this.#posted.bytes,
      capacityBytes: this.#writer.ring.capacityBytes,
      timesFull: this.#timesFull + this.#writer.timesGrown,
      timesGrown: this.#writer.timesGrown,
      callsRefused: this.#callsRefused,
      blockedTime: this.#blockedMs / 1000,
    };
  }

  /** @throws as `LoopRef.callSoonThreadsafe()` does */
  call(whenFull: WhenFull, fn: RemoteFunction, ...args: readonly unknown[]): ThreadsafeHandle {
    const number = fn === this.#lastCallback ? this.#lastNumber : this.#callbackNumber(fn, whenFull);
    const at = this.#put(Kind.CALL, number, 0, args, fn, whenFull);
    this.#sent++;
    const { ring } = this.#writer;
    return new ThreadsafeHandle(ring, ring.writtenBytes - sizeOf(ring.words, at));
  }

  /** `call(whenFull, fn, value)`, the most common of all, without the detours. */
  callWithNumber(whenFull: WhenFull, fn: RemoteFunction, value: number): ThreadsafeHandle {
    const number = fn === this.#lastCallback ? this.#lastNumber : this.#callbackNumber(fn, whenFull);
    if (this.#closed !== null) throw this.#closed;
    const writer = this.#writer;
    let start = writer.pushNumber(number, value);
    if (start === NO_FAST_PATH) {
      const at = this.#claim(RECORD_BYTES, whenFull);
      writeCallWithNumber(writer.ring, at, number, value);
      if (!writer.publish()) this.#refuse();
      start = writer.ring.writtenBytes - RECORD_BYTES;
    }
    this.#wake();
    this.#sent++;
    return new ThreadsafeHandle(writer.ring, start);
  }

  /** `call(whenFull, fn, text)`, where that is short. */
  callWithText(whenFull: WhenFull, fn: RemoteFunction, text: string): ThreadsafeHandle {
    const number = fn === this.#lastCallback ? this.#lastNumber : this.#callbackNumber(fn, whenFull);
    if (this.#closed !== null) throw this.#closed;
    const start = this.#writer.pushText(number, text);
    if (start === NO_FAST_PATH) return this.call(whenFull, fn, text);
    this.#wake();
    this.#sent++;
    return new ThreadsafeHandle(this.#writer.ring, start);
  }

  /** @throws as `LoopRef.runCoroutineThreadsafe()` does */
  runTask<T>(
    whenFull: WhenFull,
    fn: RemoteFunction,
    args: readonly unknown[],
    answers: (owner: number) => ReplyAddress,
  ): ConcurrentFuture<T> {
    const future = pendingCalls.add<T>(this);
    try {
      if (this.#answers === null) this.#introduce(answers(this.owner), whenFull);
      this.#put(Kind.TASK, this.#numberOf(fn, whenFull), future.callId, args, fn, whenFull);
    } catch (thrown) {
      pendingCalls.take(future.callId);
      throw thrown;
    }
    this.#sent++;
    return future;
  }

  /** For the future of `runTask()`: the task is to be cancelled, and its end is of no interest. */
  cancelCall(callId: number): void {
    pendingCalls.take(callId);
    sendEventually(() => this.cancelTask(callId));
  }

  /** For the future of `runTask()`: blocks this thread until the answer is there. @param timeout seconds */
  waitFor(isDone: () => boolean, timeout: number): boolean {
    return this.#block('wait for the result of a call', timeout, (timeoutMs) => {
      this.#answers?.block(timeoutMs);
      return isDone();
    });
  }

  /** Done when all that has been sent is done, as far as the other loop does it in one go. */
  drained(): ConcurrentFuture<void> {
    return this.#drains.add(this.#writer.ring, this.#writer.tail);
  }

  cancelTask(callId: number): void {
    this.#put(Kind.CANCEL, 0, callId, [], 'cancel', THROW); // behind what stands there it is no sooner in a larger ring
  }

  reply(callId: number, value: unknown): void {
    this.#answer(Kind.RESULT, callId, [value], 'the result');
  }

  /** The caller is told something, whatever was thrown. */
  replyError(callId: number, thrown: unknown): void {
    try {
      // A proxy cannot be sent, and what it stands for is an error.
      this.#answer(
        Kind.FAILURE,
        callId,
        [types.isProxy(thrown) ? asPlainError(thrown) : thrown],
        'the error',
      );
    } catch (refusal) {
      if (!(refusal instanceof CloneError)) throw refusal;
      this.#answer(Kind.FAILURE, callId, [asPlainError(thrown)], 'the error');
    }
  }

  /** To the reply inbox of a thread: what it has sent into an inbox of this thread cannot be read, and what follows is lost. */
  tellLost(inboxId: string, reason: Error): void {
    this.#answer(Kind.FAILURE, LOST_LANE, [[inboxId, reason]], 'the end of a lane');
  }

  replyCancelled(callId: number): void {
    this.#answer(Kind.CANCELLED, callId, [], 'the cancellation');
  }

  /** Whose inbox it is: thread id + 1. */
  get owner(): number {
    return this.#memory.owner;
  }

  /** The name of the loop. */
  get name(): string {
    return this.#address.name;
  }

  /** No call gets through any more: later ones fail with `reason`. */
  close(reason: Error): void {
    this.#closed = reason; // that its thread has ended says more than that it was found closed
    this.#drains.forget(reason);
  }

  /** Whether nobody looks there any more. Then later calls fail, whether its closing was seen by one before or not. */
  findClosed(): boolean {
    if (!isClosed(this.#memory.words)) return false;
    this.#closed ??= closedError(this.#memory, this.#address.name);
    return true;
  }

  /** Where the inbox is. */
  get memory(): InboxMemory {
    return this.#memory;
  }

  /** This thread calls into the inbox no more. */
  leave(): void {
    if (this.#closed !== null) this.#drains.forget(this.#closed);
    this.#memory.leave(thisProducer);
    this.#broadcast.close();
  }

  #answer(kind: RecordKind, callId: number, args: readonly unknown[], what: string): void {
    this.#put(kind, 0, callId, args, what);
    markProgress(this.owner); // it may be blocked for this one
  }

  #introduce(answers: ReplyAddress, whenFull: WhenFull): void {
    this.#claim(RECORD_BYTES, whenFull); // first: what a full ring has no record for would stay on the broadcast channel
    this.#put(Kind.REPLY_TO, 0, this.#broadcast.send(answers.address), [], 'hello', whenFull);
    this.#answers = answers;
  }

  #callbackNumber(fn: RemoteFunction, whenFull: WhenFull): number {
    let number = this.#callbacks.get(fn);
    if (number === undefined) {
      checkCallback(fn, 'callSoonThreadsafe');
      number = this.#numberOf(fn, whenFull);
      this.#callbacks.set(fn, number);
    }
    this.#lastCallback = fn;
    this.#lastNumber = number;
    return number;
  }

  #numberOf(fn: RemoteFunction, whenFull: WhenFull): number {
    const known = this.#functions.get(fn);
    if (known !== undefined) return known;
    const id = remoteIdOf(isStopFunction(fn) ? stop : fn);
    const number = this.#functions.size + 1;
    this.#put(Kind.DEFINE, number, 0, [id.url, id.name, ...(id.path ?? [])], 'a function', whenFull);
    this.#functions.set(fn, number);
    return number;
  }

  /** Writes one record and returns the index of its first word. */
  #put(
    kind: RecordKind,
    fn: number,
    callId: number,
    args: readonly unknown[],
    what: RemoteFunction | string,
    whenFull: WhenFull = SPILL,
  ): number {
    if (this.#closed !== null) throw this.#closed;
    let plan = planArguments(args, what, this.#transferPort);
    let at = this.#tryClaim(plan.sizeBytes, whenFull);
    if (at === FULL_LANE) {
      plan = keepPlan(plan); // a wait runs callbacks of the user's, which may make calls
      at = this.#claimInTime(plan.sizeBytes, whenFull);
    }
    let messageNumber = 0;
    if (plan.outOfBand !== null) {
      if (plan.moved !== null && this.#writer.ring.isSealed()) this.#refuse(); // what has been moved does not come back
      this.#makeRoomBeside(plan.outOfBand.weightBytes, whenFull);
      // Now that there is room: what a full ring has no record for would stay on the broadcast channel.
      const number = sendOutOfBand(plan, args, this.#broadcast.send, what);
      // Node does not let go of all memory: then it is copied.
      if (number === null) plan = keepPlan(planArguments(args, what));
      messageNumber = number ?? sendOutOfBand(plan, args, this.#broadcast.send, what) ?? 0;
      at = this.#claim(plan.sizeBytes, whenFull);
    }
    writeRecord(this.#writer.ring.words, at, kind, plan.sizeBytes, fn, callId, plan.tags);
    writeArguments(this.#writer.ring, at, plan, messageNumber);
    const { transferred, moved } = plan;
    this.#send();
    if (plan.outOfBand !== null) {
      this.#posted.add(this.#writer.ring, at, this.#writer.tail, plan.outOfBand.weightBytes);
    }
    if (transferred !== null) takeAway(transferred);
    if (transferred !== null || moved !== null) unmark(args);
    return at;
  }

  readonly #transferPort = (): TransferPort | null => transferPortTo(this.owner);

  #send(): void {
    if (!this.#writer.publish()) this.#refuse();
    this.#wake();
  }

  #wake(): void {
    // Published before the wake-up word was closed, and so either read or dropped with all else that stood there: not refused.
    if (!wake(this.#memory.words)) this.#closed = closedError(this.#memory, this.#address.name);
  }

  #claim(sizeBytes: number, whenFull: WhenFull): number {
    const at = this.#tryClaim(sizeBytes, whenFull);
    return at === FULL_LANE ? this.#claimInTime(sizeBytes, whenFull) : at;
  }

  /** FULL_LANE: there is no room now. */
  #tryClaim(sizeBytes: number, whenFull: WhenFull): number {
    const limitBytes = whenFull.whenFull === 'spill' ? whenFull.limitBytes : 0;
    const at = this.#writer.claim(sizeBytes, limitBytes);
    return at === SEALED_LANE ? this.#refuse() : at;
  }

  /** Claims where there is no room now. */
  #claimInTime(sizeBytes: number, { whenFull, limitBytes, timeout }: WhenFull): number {
    this.#timesFull++;
    let at = FULL_LANE;
    if (whenFull === 'block') {
      const started = performance.now();
      this.#block('call', timeout, (timeoutMs) => {
        this.#writer.waitForRoom(sizeBytes, timeoutMs);
        at = this.#writer.claim(sizeBytes, 0);
        return at !== FULL_LANE;
      });
      this.#blockedMs += performance.now() - started;
    }
    if (at === SEALED_LANE) return this.#refuse();
    if (at !== FULL_LANE) return at;
    this.#callsRefused++;
    const { capacityBytes } = this.#writer.ring;
    const details = {
      spill: `, and may not grow beyond ${limitBytes}`,
      throw: '',
      block: `, and was for ${timeout} seconds`,
    };
    throw new RingFullError(
      `Cannot call into loop "${this.#address.name}": the ring is full (${capacityBytes} bytes${details[whenFull]})`,
    );
  }

  /** What is posted counts as what stands in the ring. User code may run meanwhile. @throws {RingFullError} */
  #makeRoomBeside(weightBytes: number, { whenFull, limitBytes, timeout }: WhenFull): void {
    const hasRoom = (): boolean => this.#posted.hasRoom(weightBytes, limitBytes);
    if (hasRoom()) return;
    this.#timesFull++;
    if (whenFull === 'block') {
      const started = performance.now();
      const found = this.#block('call', timeout, (timeoutMs) => {
        this.#writer.waitUntil(hasRoom, timeoutMs);
        return hasRoom();
      });
      this.#blockedMs += performance.now() - started;
      if (found) return;
    }
    this.#callsRefused++;
    throw new RingFullError(
      `Cannot call into loop "${this.#address.name}": ${this.#posted.bytes} bytes that it has not come to were posted ` +
        `beside the ring, and with ${weightBytes} more it were more than ${limitBytes}`,
    );
  }

  #block(what: string, timeout: number, attempt: (timeoutMs: number) => boolean): boolean {
    return block({ what, memory: this.#memory, name: this.#address.name, timeout, attempt });
  }

  #refuse(): never {
    // Dropped, and the wake-up word not closed: the owner goes on, but could not read what stands in this lane.
    const isLost = this.#writer.ring.isDropped() && !isClosed(this.#memory.words);
    this.#closed ??= isLost
      ? new InternalError(`Cannot call into loop "${this.name}": what this thread has sent could not be read`)
      : closedError(this.#memory, this.#address.name);
    throw this.#closed;
  }
}
