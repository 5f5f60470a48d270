/**
 * The shared memory of a lane: a ring of variable-length records with one writer and one reader.
 *
 *   header word  written by           read by            meaning
 *   TAIL         writer (cas), and    reader             position behind the last published record; bit 0: SEALED
 *                reader (or, to seal)
 *   HEAD         reader              writer              position of the first record whose bytes are still needed
 *   WAITING      writer              reader              how many of the writer's side wait for HEAD to move
 *   DROPPED      reader              writer              not 0: HEAD will not move any more
 *   PRIVATE_CHANNEL  reader          writer              see private-channel.ts; in the first ring of a lane
 *
 * 1. Positions are byte counts modulo 2^32 and multiples of 8. A fresh header says where they start. TAIL - HEAD, as a
 *    32-bit difference, never exceeds the capacity.
 * 2. Bytes in [HEAD, TAIL) belong to the reader, the rest to the writer. They change hands by TAIL's cas and HEAD's
 *    store, before and after which they are read and written plainly. Exception: a record's CELL word, see below.
 * 3. The writer publishes by cas on TAIL from what it last wrote. Only sealing makes that fail: so a call is either
 *    published before the lane was sealed, and will be seen, or it is refused.
 * 4. A writer killed at any instruction leaves a well-formed ring: what it had not published does not exist.
 * 5. A record does not wrap: what is left at the end is a PAD record. JUMP_BYTES always stay free, so that a full ring
 *    can still say where the lane goes on (lane-writer.ts).
 * 6. A writer that waits for room says so in WAITING, looks at HEAD once more, sleeps on that word, and takes back what
 *    it said. The reader moves HEAD first and looks at WAITING then: so one of them sees the other. (A reader that
 *    takes it back for the writer takes back what the writer has just said again. The explorer found that.)
 * 7. A reader that closes seals first and drops when all is read or refused, with the wake-up word of its inbox closed
 *    in between. One that goes on and cannot read this lane drops first and seals then: so a writer that is refused
 *    tells the one from the other.
 *
 * What stands in it: record.ts.
 * Source: single-producer ring after Lamport (1977); sealing and jumping are ours.
 */
import { load, notify, or, store, wait, waitAsync, type WaitAsyncResult } from '#atomics';
import { allocateLazily } from './lazy-memory.js';

export const TAIL = 0;
/** On a cache line of its own: the reader writes it while the writer writes TAIL. */
export const HEAD = 16;
/** On the cache line of HEAD: the reader looks at both together. */
const WAITING = 17;
export const DROPPED = 18;
/** On the cache line of HEAD: both sides look at it seldom. See private-channel.ts. */
export const PRIVATE_CHANNEL = 19;
export const HEADER_BYTES = 128;
/** Wakes any number of waiters. */
const ALL = 0x7fffffff;
export const SEALED = 1;

/** Views of one ring and its header inside a SharedArrayBuffer. */
export class Ring {
  readonly memory: SharedArrayBuffer;
  readonly capacityBytes: number;
  readonly header: Int32Array;
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly bytes: Buffer;
  /** The same bytes. Its `slice()` returns what structured clone would: not a Buffer, and not shared. */
  readonly plainBytes: Uint8Array;
  /**
   * Writer: number of bytes written here so far, in all rounds together. Its remainder by the capacity is the position
   * in the ring. Refused records and the JUMP are counted too, because they also overwrite what a handle may still
   * point to.
   */
  writtenBytes = 0;
  /** Writer: what it has written to WAITING. */
  #waiting = 0;

  constructor(memory: SharedArrayBuffer, byteOffset: number, capacityBytes: number) {
    const data = byteOffset + HEADER_BYTES;
    this.memory = memory;
    this.capacityBytes = capacityBytes;
    this.header = new Int32Array(memory, byteOffset, HEADER_BYTES / 4);
    this.words = new Int32Array(memory, data, capacityBytes / 4);
    this.floats = new Float64Array(memory, data, capacityBytes / 8);
    this.bytes = Buffer.from(memory, data, capacityBytes);
    this.plainBytes = new Uint8Array(memory, data, capacityBytes);
  }

  /** A ring in memory of its own. @param capacityBytes a power of two */
  static allocate(capacityBytes: number): Ring {
    return new Ring(allocateLazily(HEADER_BYTES + capacityBytes), 0, capacityBytes);
  }

  /** The ring that fills `memory`. */
  static over(memory: SharedArrayBuffer): Ring {
    return new Ring(memory, 0, memory.byteLength - HEADER_BYTES);
  }

  /** The reader's view of TAIL: behind the last published record. */
  loadTail(): number {
    return load(this.header, TAIL) & ~SEALED;
  }

  /** The index of the word that was written next when `writtenBytes` was `written`. */
  wordAt(written: number): number {
    return (written % this.capacityBytes) / 4;
  }

  /** Reader: nothing is published here from now on. */
  seal(): void {
    or(this.header, TAIL, SEALED);
  }

  loadHead(): number {
    return load(this.header, HEAD);
  }

  /** Reader: releases the bytes before `position`, and wakes a writer that waits for them. */
  storeHead(position: number): void {
    store(this.header, HEAD, position);
    if (load(this.header, WAITING) !== 0) this.wakeWriter();
  }

  /** Wakes all that wait for HEAD: they look again. */
  wakeWriter(): void {
    notify(this.header, HEAD, ALL);
  }

  /** Reader: says that it will never read what is behind HEAD. */
  drop(): void {
    store(this.header, DROPPED, 1);
    this.wakeWriter();
  }

  /** Reader: says that it cannot read this ring. */
  giveUp(): void {
    store(this.header, DROPPED, 1); // first: see rule 7
    this.seal();
    this.wakeWriter();
  }

  isDropped(): boolean {
    return load(this.header, DROPPED) !== 0;
  }

  /** Writer: called before it looks at HEAD for the last time and waits. */
  beginWaiting(): void {
    store(this.header, WAITING, ++this.#waiting);
  }

  /** Writer: called once for each `beginWaiting()`. */
  endWaiting(): void {
    store(this.header, WAITING, --this.#waiting);
  }

  /** Writer: blocks the thread until HEAD differs from `head`, for at most `timeoutMs`. */
  waitForHead(head: number, timeoutMs: number): void {
    wait(this.header, HEAD, head, timeoutMs);
  }

  /** Writer: as `waitForHead()`, without blocking the thread. */
  waitForHeadAsync(head: number): WaitAsyncResult {
    return waitAsync(this.header, HEAD, head);
  }

  /** Whether the ring is sealed: nothing can be published here any more. */
  isSealed(): boolean {
    return (load(this.header, TAIL) & SEALED) !== 0;
  }
}
