import { InternalError } from '@ringloop/core';
import { type ArgumentPlan, planArguments, sendOutOfBand } from '../codec/argument-plan.js';
import { tellSent } from '../codec/sendable.js';
import { takeAway, unmark } from '../codec/transfer.js';
import { RingFullError } from '../errors.js';
import { closedError } from '../exits/closed-error.js';
import { FULL_LANE, LaneWriter, NO_FAST_PATH, SEALED_LANE } from '../inbox/lane-writer.js';
import { type InboxMemory, thisProducer } from '../memory/inbox-memory.js';
import { RECORD_BYTES, type RecordKind, sizeOf, writeCallWithNumber, writeRecord } from '../memory/record.js';
import { isClosed, wake } from '../memory/wake-word.js';
import { BroadcastSender } from '../out-of-band/broadcast.js';
import { type TransferPort, transferPortTo } from '../out-of-band/transfer-port.js';
import type { RemoteFunction } from '../references/remote.js';
import { block } from './blocking.js';
import { OutOfBandBacklog } from './out-of-band-backlog.js';
import { SPILL, type WhenFull } from './when-full.js';

/**
 * Sends records into one lane: finds room for them, waits for it if `whenFull` says so, publishes them and wakes the
 * owner.
 */
export class RecordSender {
  readonly #memory: InboxMemory;
  readonly #name: string;
  readonly #broadcast: BroadcastSender;
  readonly #writer: LaneWriter;
  readonly #beside = new OutOfBandBacklog();
  /** Why no more records can be sent. Null: they can. */
  closed: Error | null = null;
  timesFull = 0;
  refused = 0;
  blockedMs = 0;

  /** @param name the name of the loop, for messages @param lane the lane that this thread has claimed */
  constructor(memory: InboxMemory, inboxId: string, name: string, lane: number) {
    const first = memory.ring(lane);
    this.#memory = memory;
    this.#name = name;
    this.#broadcast = new BroadcastSender(inboxId, thisProducer, first.header);
    this.#writer = new LaneWriter(first, this.#broadcast.send);
  }

  /** The writing end of the lane: its ring, and its position there. */
  get lane(): LaneWriter {
    return this.#writer;
  }

  /** Bytes that the owner has not processed: in the present ring, and in out-of-band messages. */
  get backlogBytes(): number {
    return this.#writer.backlogBytes + this.#beside.bytes;
  }

  /**
   * Sends one record. Returns its position, as `Ring.writtenBytes` counts.
   * @param fn the number of the function; 0: the record needs none
   * @param callId 0: no reply is wanted
   * @param what the function or the action that the arguments are for, for messages
   * @throws {RingFullError} @throws {CloneError} @throws {Error} `closed`, if it is not null
   */
  put(
    kind: RecordKind,
    fn: number,
    callId: number,
    args: readonly unknown[],
    what: RemoteFunction | string,
    whenFull: WhenFull = SPILL,
  ): number {
    if (this.closed !== null) throw this.closed;
    const plan = planArguments(args, what, this.#transferPort);
    try {
      let at = this.#tryClaim(plan.sizeBytes, whenFull);
      if (at === FULL_LANE) {
        plan.freeze(); // user code may run during a wait, and may change objects among the arguments
        at = this.#claimInTime(plan.sizeBytes, whenFull);
      }
      let messageNumber = 0;
      const { outOfBand } = plan;
      if (outOfBand !== null) {
        messageNumber = this.#sendBeside(plan, args, what, whenFull);
        at = this.#claim(plan.sizeBytes, whenFull); // user code has run, and may have made calls into this lane
      }
      const { ring } = this.#writer;
      const { transferred, outOfBand: sent } = plan; // the plan may have changed since
      writeRecord(ring.words, at, kind, plan.sizeBytes, fn, callId, plan.tags);
      plan.write(ring, at, messageNumber); // the plan's last use: it belongs to the next call from here on
      this.#publish();
      if (sent !== null) {
        this.#beside.add(ring, at, this.#writer.tail, sent.weightBytes);
        if (sent.wires !== null) tellSent(sent.wires, this.#memory.owner);
      }
      if (transferred !== null) takeAway(transferred);
      if (transferred !== null || outOfBand !== null) unmark(args);
      return ring.writtenBytes - sizeOf(ring.words, at);
    } catch (thrown) {
      plan.release();
      throw thrown;
    }
  }

  /** The fast path for a call with one number, the most common record. Returns its position. */
  putNumber(fn: number, value: number, whenFull: WhenFull): number {
    if (this.closed !== null) throw this.closed;
    const writer = this.#writer;
    let start = writer.pushNumber(fn, value);
    if (start === NO_FAST_PATH) {
      const at = this.#claim(RECORD_BYTES, whenFull);
      writeCallWithNumber(writer.ring, at, fn, value);
      if (!writer.publish()) this.#refuse();
      start = writer.ring.writtenBytes - RECORD_BYTES;
    }
    this.#wake();
    return start;
  }

  /**
   * The fast path for a call with one text. Returns NO_FAST_PATH if the text is long or not Latin-1, or there is no
   * room at once: use `put()` then.
   */
  tryPutText(fn: number, text: string): number {
    if (this.closed !== null) throw this.closed;
    const start = this.#writer.pushText(fn, text);
    if (start !== NO_FAST_PATH) this.#wake();
    return start;
  }

  /**
   * Sends an out-of-band message and returns its number. The caller sends its record next. Room for the record is
   * claimed first: an out-of-band message without its record would never be consumed.
   */
  announce(value: unknown, whenFull: WhenFull): number {
    this.#claim(RECORD_BYTES, whenFull);
    return this.#broadcast.send(value);
  }

  /** Blocks this thread until `attempt()` succeeds. False: the timeout, in seconds, is over. See blocking.ts. */
  block(what: string, timeout: number, attempt: (timeoutMs: number) => boolean): boolean {
    return block({ what, memory: this.#memory, name: this.#name, timeout, attempt });
  }

  /** Closes the broadcast channel: nothing more is sent. */
  close(): void {
    this.#broadcast.close();
  }

  readonly #transferPort = (): TransferPort | null => transferPortTo(this.#memory.owner);

  /**
   * Sends the plan's out-of-band message and returns its number. 0: there is nothing to send any more, because the plan
   * was changed to copy what Node could not move.
   */
  #sendBeside(
    plan: ArgumentPlan,
    args: readonly unknown[],
    what: RemoteFunction | string,
    whenFull: WhenFull,
  ): number {
    while (plan.outOfBand !== null) {
      const { outOfBand } = plan;
      // Check first: what was moved cannot be given back.
      if (outOfBand.port !== null && this.#writer.ring.isSealed()) this.#refuse();
      this.#makeRoomBeside(outOfBand.weightBytes, whenFull);
      // Send only now that there is room: an out-of-band message without its record would never be consumed.
      const number = sendOutOfBand(outOfBand, args, this.#broadcast.send, what);
      if (number !== null) return number;
      plan.prepare(args, what, noPort); // Node cannot move all memory: copy it instead
      plan.freeze();
    }
    return 0;
  }

  #publish(): void {
    if (!this.#writer.publish()) this.#refuse();
    this.#wake();
  }

  #wake(): void {
    // The record was published before the wake-up word was closed. So it is read, or dropped with all others: only
    // later ones are refused.
    if (!wake(this.#memory.words)) this.closed = closedError(this.#memory, this.#name);
  }

  #claim(sizeBytes: number, whenFull: WhenFull): number {
    const at = this.#tryClaim(sizeBytes, whenFull);
    return at === FULL_LANE ? this.#claimInTime(sizeBytes, whenFull) : at;
  }

  /** As `#claim()`, but returns FULL_LANE if there is no room now. */
  #tryClaim(sizeBytes: number, whenFull: WhenFull): number {
    const limitBytes = whenFull.whenFull === 'spill' ? whenFull.limitBytes : 0;
    const at = this.#writer.claim(sizeBytes, limitBytes);
    return at === SEALED_LANE ? this.#refuse() : at;
  }

  /** Continues `#claim()` when there is no room now: waits for room, or throws. */
  #claimInTime(sizeBytes: number, { whenFull, limitBytes, timeout }: WhenFull): number {
    this.timesFull++;
    let at = FULL_LANE;
    if (whenFull === 'block') {
      this.#blockCall(timeout, (timeoutMs) => {
        this.#writer.waitForRoom(sizeBytes, timeoutMs);
        at = this.#writer.claim(sizeBytes, 0);
        return at !== FULL_LANE;
      });
    }
    if (at === SEALED_LANE) return this.#refuse();
    if (at !== FULL_LANE) return at;
    this.refused++;
    const { capacityBytes } = this.#writer.ring;
    const details = {
      spill: `, and may not grow beyond ${limitBytes}`,
      throw: '',
      block: `, and stayed full for ${timeout} seconds`,
    };
    throw new RingFullError(
      `Cannot call into loop "${this.#name}": the ring is full (${capacityBytes} bytes${details[whenFull]})`,
    );
  }

  /**
   * Makes room for an out-of-band message, which counts as if it were in the ring. User code may run meanwhile. @throws
   * {RingFullError}
   */
  #makeRoomBeside(weightBytes: number, { whenFull, limitBytes, timeout }: WhenFull): void {
    const hasRoom = (): boolean => this.#beside.hasRoom(weightBytes, limitBytes);
    if (hasRoom()) return;
    this.timesFull++;
    if (whenFull === 'block') {
      const found = this.#blockCall(timeout, (timeoutMs) => {
        this.#writer.waitUntil(hasRoom, timeoutMs);
        return hasRoom();
      });
      if (found) return;
    }
    this.refused++;
    throw new RingFullError(
      `Cannot call into loop "${this.#name}": ${this.#beside.bytes} bytes of out-of-band messages wait there, ` +
        `and ${weightBytes} more would exceed the limit of ${limitBytes} bytes`,
    );
  }

  #blockCall(timeout: number, attempt: (timeoutMs: number) => boolean): boolean {
    const started = performance.now();
    try {
      return this.block('call', timeout, attempt);
    } finally {
      this.blockedMs += performance.now() - started;
    }
  }

  #refuse(): never {
    // A dropped ring and a wake-up word that is not closed: the owner continues, but could not read this lane.
    const isLost = this.#writer.ring.isDropped() && !isClosed(this.#memory.words);
    this.closed ??= isLost
      ? new InternalError(
          `Cannot call into loop "${this.#name}": what this thread has sent could not be read`,
        )
      : closedError(this.#memory, this.#name);
    throw this.closed;
  }
}

const noPort = (): null => null;
