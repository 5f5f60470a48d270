/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices of a record that lies inside its ring */
/**
 * The reading end of a lane. Owned by the inbox's thread. See ring.ts for the memory.
 *
 * What has arrived is put into the loop's ready queue as batches, "this lane up to there", and calls run straight out of
 * the ring: nothing is allocated for a call with one number. A batch stands in the queue where its calls belong, and the
 * ring's bytes are given back when they have run.
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

/** What a lane needs of the inbox that it belongs to. */
export interface LaneOwner {
  addReady(entry: Ready): void;
  putBack(entry: Ready): void;
  mayGoOn(): boolean;
  isSealed(): boolean;
  /** @param byPort by the transfer port between the two threads, not by the broadcast channel of the inbox */
  takeOutOfBand(producer: number, number: number, byPort: boolean): unknown;
  /** The writer may go on, if it has waited for room. */
  released(lane: LaneReader): void;
  /** The lane holds something that cannot be read. */
  corrupted(lane: LaneReader, reason: Error): void;
}

/** What a TASK record asks for. */
export interface CalledTask {
  readonly fn: Callable;
  readonly args: unknown[];
}

/** What an inbox does with the records of one kind: with the one at word `at` of the lane's ring. */
export type RecordHandler = (lane: LaneReader, at: number) => void;

/** What an inbox does with records. It refuses kinds that are missing here, as a sign of corruption. */
export interface RecordHandlers {
  /** Runs plain calls. Null: nobody may call here. */
  readonly calls: CallHandler | null;
  /** All kinds but plain calls and those that concern the lane itself. */
  readonly others: Readonly<Partial<Record<RecordKind, RecordHandler>>>;
}

/** Records run between two looks at the clock; after the first ones of a batch it looks more often: they may be slow. Arbitrary. */
const LOOK_AT_CLOCK_EVERY = 64;

/** Bytes read before the writer is told that it may write there again, as a share of the ring: a store each time would cost. */
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
  /** Position up to which records stand in the loop's ready queue. */
  #queued: number;
  /** Position up to which the writer knows that it may write again. */
  #released: number;
  /** A function's module is being imported; the lane waits for it, the others go on. */
  #stalled = false;
  /**
   * A call of this lane runs right now. It may look at the inbox itself, by `callSoon()`: a lane that was left, and of which this is
   * the last callId, must not be freed then, because its HEAD is stored once more behind it, perhaps into the next producer's ring.
   */
  #running = false;
  /** Something else than its writer has written here: nothing in it can be trusted from there on. */
  #corrupt = false;
  /** The lane goes on in another ring than its first. */
  #grown = false;
  /** Where the producer wants its answers: opaque here. */
  replyTo: unknown = null;
  /** Calls run so far. */
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

  /** Whether something has been published that is not in the ready queue yet. */
  hasNews(): boolean {
    return this.#reads() && this.#ring.loadTail() !== this.#queued;
  }

  /** Whether everything published has run. */
  isEmpty(): boolean {
    if (this.#running) return false;
    return this.#corrupt || (!this.#stalled && this.#ring.loadTail() === this.#head);
  }

  /** Bytes to be read where the lane has gone on in a ring that only its two ends know. */
  grownBytes(): number {
    return this.#grown ? (this.#ring.loadTail() - this.#head) | 0 : 0;
  }

  /** Queues what has been published since the last time. False: nothing. */
  collect(): boolean {
    if (!this.#reads()) return false;
    const tail = this.#ring.loadTail();
    if (tail === this.#queued) return false;
    this.#queued = tail;
    this.#owner.addReady(new LaneBatch(this, this.#ring, tail));
    return true;
  }

  /** Runs the records of `ring` up to `end`. False: its share of the iteration was used up before. */
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
    // A stall or a jump before this batch ran has taken what it stood for: the lane collects it anew.
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
        this.#giveUp(new InternalError(`Kind ${kind}, ${sizeBytes} bytes`));
        return true;
      }
      this.#head = (this.#head + sizeBytes) | 0;
      // What the call before it, or any other callback, has stored with enterWith() is nobody else's.
      const isOver = mustEnter(null)
        ? runInContext(null, () => this.#run(ring, at, kind))
        : this.#run(ring, at, kind);
      if (isOver) return true; // the lane goes on elsewhere
      if (((this.#head - this.#released) | 0) >= releaseAfter) this.#release();
      if (++ran < lookAtClock || this.#head === end) continue; // the last one needs no clock
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
    this.#ring.giveUp(); // what comes later is refused, and its caller is told
    const reason = new InternalError(
      `What thread ${this.producer - 1} has sent cannot be read, and what follows is lost`,
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
    this.#giveUp(new InternalError('Nobody may call functions here'));
    return true;
  }

  /** Handles a record that is no plain call. True: the batch must end here. */
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

  /** For handlers: the number of the call that the record at word `at` is about. */
  callIdAt(at: number): number {
    return this.#ring.words[at + 2]!;
  }

  /** For handlers: the values that the record at word `at` carries. Throws when they cannot be read. */
  readArguments(at: number): unknown[] {
    return readArguments(this.#ring, at, this.#takeOutOfBand);
  }

  /** For handlers: the function and the arguments of the TASK record at word `at`. Throws when there is no such function. */
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
    this.#queued = this.#head; // what was queued behind this record is collected again when the module is there
    return true;
  }

  #jump(messageNumber: number): void {
    this.#release(); // the writer may still wait for what it has sent here
    const memory = this.#takeOutOfBand(messageNumber, false) as SharedArrayBuffer; // as LaneWriter sends it
    this.#ring = Ring.over(memory);
    this.#grown = true;
    this.#head = this.#queued = this.#released = 0;
    if (this.#owner.isSealed()) this.#ring.seal(); // sealed where it had been, the lane is sealed here as well
    this.collect(); // its wake-up word may have signalled before we could see there
  }

  /** The loop was closed: calls `refuse` for each task that has not started, and drops plain calls. */
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

  /** The transfer port between two threads goes on when a loop is closed, and would keep what nobody takes. */
  #dropPosted(at: number): void {
    try {
      dropArguments(this.#ring, at, this.#takeOutOfBand);
    } catch {
      // It never came: the more so nobody needs it.
    }
  }

  /** Nothing more is read here. */
  close(): void {
    this.#ring.drop();
    this.#owner.released(this);
  }

  readonly #takeOutOfBand = (number: number, byPort: boolean): unknown =>
    this.#owner.takeOutOfBand(this.producer, number, byPort);

  /** What remains to be run of a batch that an error broke off. */
  remains(ring: Ring, end: number): boolean {
    return ring === this.#ring && this.#head !== end && this.#reads();
  }

  putBack(batch: LaneBatch): void {
    this.#owner.putBack(batch);
  }
}

/** Whether a record can be as it says, with so many bytes to the end of what is published, and of the ring. */
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
      // The loop ends: what stands behind the call that ended it runs when the loop runs again.
      if (this.#lane.remains(this.#ring, this.#end)) this.#lane.putBack(this);
      throw thrown;
    }
  }
}
