import { InternalError } from '@ringloop/core';
import { type ArgumentPlan, planArguments, sendOutOfBand } from '../codec/argument-plan.js';
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

/** Sends records into one lane: finds room for them, waits for it where that is wanted, publishes them and wakes the owner. */
export class RecordSender {
  readonly #memory: InboxMemory;
  readonly #name: string;
  readonly #broadcast: BroadcastSender;
  readonly #writer: LaneWriter;
  readonly #beside = new OutOfBandBacklog();
  /** Why no record gets through any more. */
  closed: Error | null = null;
  timesFull = 0;
  refused = 0;
  blockedMs = 0;

  /** @param name of the loop, for messages @param lane that this thread has claimed */
  constructor(memory: InboxMemory, inboxId: string, name: string, lane: number) {
    const first = memory.ring(lane);
    this.#memory = memory;
    this.#name = name;
    this.#broadcast = new BroadcastSender(inboxId, thisProducer, first.header);
    this.#writer = new LaneWriter(first, this.#broadcast.send);
  }

  /** The lane: which ring it is in, and how far. */
  get lane(): LaneWriter {
    return this.#writer;
  }

  /** Bytes that the owner has not come to, in the present ring and beside it. */
  get backlogBytes(): number {
    return this.#writer.backlogBytes + this.#beside.bytes;
  }

  /**
   * Sends one record. Returns where it stands, as `Ring.writtenBytes` counts.
   * @param fn the number of the function; 0: it needs none
   * @param callId 0: no reply is wanted
   * @param what whose arguments these are, for messages
   * @throws {RingFullError} @throws {CloneError} @throws what `closed` says
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
        plan.freeze(); // a wait runs callbacks of the user's, which may change what the arguments refer to
        at = this.#claimInTime(plan.sizeBytes, whenFull);
      }
      let messageNumber = 0;
      const { outOfBand } = plan;
      if (outOfBand !== null) {
        messageNumber = this.#sendBeside(plan, args, what, whenFull);
        at = this.#claim(plan.sizeBytes, whenFull); // user code has run, and may have made calls
      }
      const { ring } = this.#writer;
      writeRecord(ring.words, at, kind, plan.sizeBytes, fn, callId, plan.tags);
      plan.write(ring, at, messageNumber);
      this.#publish();
      if (plan.outOfBand !== null) {
        this.#beside.add(ring, at, this.#writer.tail, plan.outOfBand.weightBytes);
      }
      if (plan.transferred !== null) takeAway(plan.transferred);
      if (plan.transferred !== null || outOfBand !== null) unmark(args);
      return ring.writtenBytes - sizeOf(ring.words, at);
    } finally {
      plan.release();
    }
  }

  /** A call with one number, the most common of all, without the detours. */
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

  /** A call with one text. NO_FAST_PATH: it is long, or there is no room at once, and `put()` must do it. */
  tryPutText(fn: number, text: string): number {
    if (this.closed !== null) throw this.closed;
    const start = this.#writer.pushText(fn, text);
    if (start !== NO_FAST_PATH) this.#wake();
    return start;
  }

  /**
   * Sends a message whose record comes next, and returns its number. Room for the record is claimed first: an out-of-band message
   * without its record would never be consumed.
   */
  announce(value: unknown, whenFull: WhenFull): number {
    this.#claim(RECORD_BYTES, whenFull);
    return this.#broadcast.send(value);
  }

  /** Blocks this thread until `attempt()` succeeds. False: the timeout, in seconds, is over. See blocking.ts. */
  block(what: string, timeout: number, attempt: (timeoutMs: number) => boolean): boolean {
    return block({ what, memory: this.#memory, name: this.#name, timeout, attempt });
  }

  /** Nothing more is sent. */
  close(): void {
    this.#broadcast.close();
  }

  readonly #transferPort = (): TransferPort | null => transferPortTo(this.#memory.owner);

  /** Sends what the plan has beside the ring, and returns the number of the message. The plan may be another one afterwards. */
  #sendBeside(
    plan: ArgumentPlan,
    args: readonly unknown[],
    what: RemoteFunction | string,
    whenFull: WhenFull,
  ): number {
    while (plan.outOfBand !== null) {
      const { outOfBand } = plan;
      if (outOfBand.port !== null && this.#writer.ring.isSealed()) this.#refuse(); // what has been moved does not come back
      this.#makeRoomBeside(outOfBand.weightBytes, whenFull);
      // Now that there is room: an out-of-band message without its record would never be consumed.
      const number = sendOutOfBand(outOfBand, args, this.#broadcast.send, what);
      if (number !== null) return number;
      plan.prepare(args, what, noPort); // Node does not let go of all memory: it is copied then
      plan.freeze();
    }
    return 0;
  }

  #publish(): void {
    if (!this.#writer.publish()) this.#refuse();
    this.#wake();
  }

  #wake(): void {
    // Published before the wake-up word was closed, and so either read or dropped with all else that stood there: not refused.
    if (!wake(this.#memory.words)) this.closed = closedError(this.#memory, this.#name);
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
      block: `, and was for ${timeout} seconds`,
    };
    throw new RingFullError(
      `Cannot call into loop "${this.#name}": the ring is full (${capacityBytes} bytes${details[whenFull]})`,
    );
  }

  /** An out-of-band message counts as if it stood in the ring. User code may run meanwhile. @throws {RingFullError} */
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
      `Cannot call into loop "${this.#name}": ${this.#beside.bytes} bytes that it has not come to were posted ` +
        `beside the ring, and with ${weightBytes} more it were more than ${limitBytes}`,
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
    // Dropped, and the wake-up word not closed: the owner goes on, but could not read what stands in this lane.
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
