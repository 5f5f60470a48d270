/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices of a record that lies inside its ring */
/**
 * The reading end of a lane. The inbox's thread owns it. See ring.ts for the memory.
 *
 * Records that have arrived are put into the loop's ready queue as batches: "this lane up to that position". Calls run
 * straight out of the ring, so a call with one number allocates nothing. A batch has the place in the queue that its
 * calls would have. The bytes of the records are released to the writer when they have run.
 */
import { cas } from '#atomics';
import { InternalError } from '@ringloop/core';
import { mustEnter, type Ready, RUN, runInContext, toError } from '@ringloop/core/internal';
import { dropArguments, readArguments } from '../codec/arguments.js';
import type { FunctionTable } from './function-table.js';
import type { CallHandler } from './call-handler.js';
import type { Callable } from '../references/find-export.js';
import { Ring } from '../memory/ring.js';
import { Cell, JUMP_BYTES, Kind, kindOf, RECORD_BYTES, type RecordKind, sizeOf } from '../memory/record.js';

/** What a LaneReader calls in the inbox that it belongs to. */
export interface LaneOwner {
  addReady(entry: Ready): void;
  putBack(entry: Ready): void;
  mayGoOn(): boolean;
  isSealed(): boolean;
  /**
   * Takes an out-of-band message. @param byPort from the transfer port between the two threads, not from the broadcast
   * channel of the inbox
   */
  takeOutOfBand(producer: number, number: number, byPort: boolean): unknown;
  /** Called when the lane has released bytes: a writer that waits for room may continue. */
  released(lane: LaneReader): void;
  /** Called when the lane holds something that cannot be read. */
  corrupted(lane: LaneReader, reason: Error): void;
}

/** The function and the arguments of a TASK record. */
export interface CalledTask {
  readonly fn: Callable;
  readonly args: unknown[];
}

/** Handles the records of one kind: gets the record at word `at` of the lane's ring. */
export type RecordHandler = (lane: LaneReader, at: number) => void;

/** The handlers of an inbox. A record of a kind that has no handler is taken for corruption. */
export interface RecordHandlers {
  /** Runs plain calls. Null: the inbox accepts none. */
  readonly calls: CallHandler | null;
  /** The handlers of all kinds except plain calls and the kinds that concern the lane itself. */
  readonly others: Readonly<Partial<Record<RecordKind, RecordHandler>>>;
}

/**
 * At most so many records run between two looks at the clock. At the start of a batch it looks more often, because they
 * may be slow. Arbitrary.
 */
const LOOK_AT_CLOCK_EVERY = 64;

/**
 * The share of the ring that is read before its bytes are released to the writer. A store after each record would be
 * too expensive.
 */
const RELEASE_FRACTION = 1 / 8;

export class LaneReader {
  readonly producer: number;
  readonly #owner: LaneOwner;
  readonly #calls: CallHandler | null;
  readonly #handlers: RecordHandlers['others'];
  readonly #functions: FunctionTable;
  #ring: Ring;
  /** Position of the next record to run. */
  #head: number;
  /** Position up to which records are in the loop's ready queue. */
  #queued: number;
  /** Position up to which the bytes were released to the writer. */
  #released: number;
  /** Whether the module of a function is being imported. This lane waits for it, and the other lanes continue. */
  #stalled = false;
  /**
   * Whether a call of this lane is running right now. It may look at the inbox, by `callSoon()`. Suppose that the
   * producer has left and this is its last call: the lane must not be freed yet, because HEAD is stored once more after
   * the call, perhaps into the next producer's ring.
   */
  #running = false;
  /**
   * Whether a record was invalid, perhaps because something other than the writer has written here. Nothing from there
   * on can be trusted.
   */
  #corrupt = false;
  /** Whether the lane has continued in a larger ring. */
  #grown = false;
  /** Where the producer wants its replies. This class does not interpret it. */
  replyTo: unknown = null;
  /** Number of calls that have run, tasks included. */
  received = 0;

  constructor(
    producer: number,
    ring: Ring,
    functions: FunctionTable,
    owner: LaneOwner,
    { calls, others }: RecordHandlers,
  ) {
    this.producer = producer;
    this.#ring = ring;
    this.#head = this.#queued = this.#released = ring.loadHead();
    this.#functions = functions;
    this.#owner = owner;
    this.#calls = calls;
    this.#handlers = others;
  }

  get ring(): Ring {
    return this.#ring;
  }

  /** Whether records have been published that are not in the ready queue yet. */
  hasNews(): boolean {
    return this.#reads() && this.#ring.loadTail() !== this.#queued;
  }

  /** Whether all published records have run. */
  isEmpty(): boolean {
    if (this.#running) return false;
    return this.#corrupt || (!this.#stalled && this.#ring.loadTail() === this.#head);
  }

  /** Number of unread bytes if the lane has continued in a larger ring, which only its two ends know; otherwise 0. */
  grownBytes(): number {
    return this.#grown ? (this.#ring.loadTail() - this.#head) | 0 : 0;
  }

  /** Queues the records that were published since the last call. False: there were none. */
  collect(): boolean {
    if (!this.#reads()) return false;
    const tail = this.#ring.loadTail();
    if (tail === this.#queued) return false;
    this.#queued = tail;
    this.#owner.addReady(new LaneBatch(this, this.#ring, tail));
    return true;
  }

  /** Runs the records of `ring` up to `end`. False: the share of the iteration was used up before that. */
  runTo(ring: Ring, end: number): boolean {
    const outer = this.#running;
    this.#running = true;
    try {
      return this.#runTo(ring, end);
    } finally {
      this.#running = outer;
    }
  }

  #runTo(ring: Ring, end: number): boolean {
    // The lane has jumped to another ring since this batch was queued, so all records of the old ring have run.
    if (ring !== this.#ring) return true;
    const { words, capacityBytes } = ring;
    const mask = capacityBytes - 1;
    const releaseAfter = capacityBytes * RELEASE_FRACTION;
    let ran = 0;
    let lookAtClock = 1;
    while (this.#head !== end && this.#reads()) {
      const at = (this.#head & mask) >> 2;
      const sizeBytes = sizeOf(words, at);
      const kind = kindOf(words, at);
      if (!isSound(kind, sizeBytes, (end - this.#head) | 0, capacityBytes - 4 * at)) {
        this.#giveUp(new InternalError(`Invalid record of kind ${kind}, ${sizeBytes} bytes`));
        return true;
      }
      this.#head = (this.#head + sizeBytes) | 0;
      // A call must not see what an earlier callback has stored with enterWith().
      const isOver = mustEnter(null)
        ? runInContext(null, () => this.#run(ring, at, kind))
        : this.#run(ring, at, kind);
      if (isOver) return true; // a stall, a jump or a corrupt record
      if (((this.#head - this.#released) | 0) >= releaseAfter) this.#release();
      if (++ran < lookAtClock || this.#head === end) continue; // after the last one the clock does not matter
      if (!this.#owner.mayGoOn()) break;
      lookAtClock += Math.min(ran, LOOK_AT_CLOCK_EVERY);
    }
    this.#release();
    return !this.remains(ring, end);
  }

  /** Handles one record. True: the batch must end here. */
  #run(ring: Ring, at: number, kind: number): boolean {
    if (kind !== Kind.CALL_NUMBER && kind !== Kind.CALL) return this.#tryControl(ring.words, at);
    if (this.#calls === null) return this.#refuseCall();
    this.#call(this.#calls, ring, at);
    return false;
  }

  #release(): void {
    if (this.#released === this.#head) return;
    this.#released = this.#head;
    this.#ring.storeHead(this.#head);
    this.#owner.released(this);
  }

  #reads(): boolean {
    return !this.#stalled && !this.#corrupt;
  }

  #tryControl(words: Int32Array, at: number): boolean {
    try {
      return this.#control(words, at);
    } catch (thrown) {
      this.#giveUp(toError(thrown));
      return true;
    }
  }

  #giveUp(cause: Error): void {
    this.#corrupt = true;
    this.#ring.giveUp(); // later records are refused, and their callers get an error
    const reason = new InternalError(
      `Cannot read a record of thread ${this.producer - 1}: its later records are lost too`,
      { cause },
    );
    this.#owner.corrupted(this, reason);
  }

  #call(calls: CallHandler, ring: Ring, at: number): void {
    const { words } = ring;
    const cell = words[at + 1]! & ~3;
    const called = this.#functions.get(cell >>> 2);
    const isCancelled = cas(words, at + 1, cell, cell | Cell.STARTED) !== cell;
    if (isCancelled) {
      calls.drop(called, ring, at, this.#takeOutOfBand);
      return;
    }
    this.received++;
    calls.run(called, ring, at, this.#takeOutOfBand);
  }

  #refuseCall(): boolean {
    this.#giveUp(new InternalError('Cannot run a call: this inbox accepts only replies'));
    return true;
  }

  /** Handles a record that is not a plain call. True: the batch must end here. */
  #control(words: Int32Array, at: number): boolean {
    const kind = kindOf(words, at);
    switch (kind) {
      case Kind.PAD:
        return false;
      case Kind.DEFINE:
        return this.#define(words, at);
      case Kind.REPLY_TO:
        this.replyTo = this.#takeOutOfBand(this.callIdAt(at), false);
        return false;
      case Kind.JUMP:
        this.#jump(words[at + 1]!);
        return true;
      default: {
        const handle = this.#handlers[kind as RecordKind];
        if (handle === undefined) throw new InternalError(`Unexpected record kind ${kind}`);
        handle(this, at);
        return false;
      }
    }
  }

  /** For handlers: the call id of the record at word `at`. */
  callIdAt(at: number): number {
    return this.#ring.words[at + 2]!;
  }

  /** For handlers: the values that the record at word `at` carries. Throws if they cannot be read. */
  readArguments(at: number): unknown[] {
    return readArguments(this.#ring, at, this.#takeOutOfBand);
  }

  /**
   * For handlers: the function and the arguments of the TASK record at word `at`. Throws if the function was not found
   * or the arguments cannot be read.
   */
  readTask(at: number): CalledTask {
    this.received++;
    const { fn, error } = this.#functions.get(this.#ring.words[at + 1]! >>> 2);
    if (fn !== null) return { fn, args: this.readArguments(at) };
    dropArguments(this.#ring, at, this.#takeOutOfBand);
    throw error;
  }

  #define(words: Int32Array, at: number): boolean {
    const [url, name, ...path] = this.readArguments(at) as [string, string, ...string[]]; // as InboxWriter writes them
    const id = path.length === 0 ? { url, name } : { url, name, path };
    const importing = this.#functions.define(words[at + 1]! >>> 2, id);
    if (importing === null) return false;
    this.#stalled = true;
    void importing.then(() => {
      this.#stalled = false;
      this.collect();
    });
    this.#release();
    this.#queued = this.#head; // records behind this one are collected again when the module has been imported
    return true;
  }

  #jump(messageNumber: number): void {
    this.#release(); // the writer may be waiting for the HEAD of the old ring
    const memory = this.#takeOutOfBand(messageNumber, false) as SharedArrayBuffer; // as LaneWriter sends it
    this.#ring = Ring.over(memory);
    this.#grown = true;
    this.#head = this.#queued = this.#released = 0;
    if (this.#owner.isSealed()) this.#ring.seal(); // the old ring was sealed, so the lane must stay sealed
    this.collect(); // the signal for records in the new ring may have come before we could see them
  }

  /** Called when the loop was closed: calls `refuse` for each task that has not started, and drops plain calls. */
  refuseTasks(refuse: (callId: number) => void): void {
    const { words, capacityBytes } = this.#ring;
    const tail = this.#ring.loadTail();
    for (let position = this.#head; position !== tail;) {
      const at = (position & (capacityBytes - 1)) >> 2;
      const kind = kindOf(words, at);
      position = (position + sizeOf(words, at)) | 0;
      if (kind === Kind.REPLY_TO) this.#control(words, at);
      else if (kind === Kind.CALL) this.#dropPosted(at);
      else if (kind === Kind.TASK) {
        this.#dropPosted(at);
        refuse(this.callIdAt(at));
      } else if (kind === Kind.JUMP) {
        this.#ring.drop();
        this.#jump(words[at + 1]!);
        this.refuseTasks(refuse);
        return;
      }
    }
    this.#head = this.#queued = tail;
  }

  /**
   * Drops the out-of-band message of a record: the transfer port outlives a closed loop, and would keep the message.
   */
  #dropPosted(at: number): void {
    try {
      dropArguments(this.#ring, at, this.#takeOutOfBand);
    } catch {
      // The message never came, but nobody needs it.
    }
  }

  /** Stops reading. */
  close(): void {
    this.#ring.drop();
    this.#owner.released(this);
  }

  readonly #takeOutOfBand = (number: number, byPort: boolean): unknown =>
    this.#owner.takeOutOfBand(this.producer, number, byPort);

  /** Whether an interrupted batch still has records to run. */
  remains(ring: Ring, end: number): boolean {
    return ring === this.#ring && this.#head !== end && this.#reads();
  }

  putBack(batch: LaneBatch): void {
    this.#owner.putBack(batch);
  }
}

/**
 * Whether the kind and the size of a record are possible. @param published bytes to the end of what is published
 * @param contiguous bytes to the end of the ring
 */
function isSound(kind: number, sizeBytes: number, published: number, contiguous: number): boolean {
  const least = kind === Kind.PAD || kind === Kind.JUMP ? JUMP_BYTES : RECORD_BYTES;
  return sizeBytes >= least && (sizeBytes & 7) === 0 && sizeBytes <= published && sizeBytes <= contiguous;
}

/** The records of a lane up to a position, in the loop's ready queue. */
export class LaneBatch implements Ready {
  readonly #lane: LaneReader;
  readonly #ring: Ring;
  readonly #end: number;

  constructor(lane: LaneReader, ring: Ring, end: number) {
    this.#lane = lane;
    this.#ring = ring;
    this.#end = end;
  }

  [RUN](): void {
    try {
      if (!this.#lane.runTo(this.#ring, this.#end)) this.#lane.putBack(this);
    } catch (thrown) {
      // This call has ended the loop's run. The records behind it run when the loop runs again.
      if (this.#lane.remains(this.#ring, this.#end)) this.#lane.putBack(this);
      throw thrown;
    }
  }
}
