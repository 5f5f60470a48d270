/**
 * The writing end of a lane: `claim()` room, fill it, `publish()`. One thread owns it. See ring.ts for the memory.
 *
 * When the ring is full, the writer allocates a larger one, sends it by the broadcast channel and publishes a JUMP
 * record, for which room is always kept. Order is kept because the reader reads the old ring up to the JUMP. Nothing is
 * lost when the writer is killed, because all of it is shared memory: before the JUMP is published, the new ring does
 * not exist.
 *
 * A lane keeps the ring that it has grown to. Going back to the small one was tried, and was no faster.
 */
import { cas, load } from '#atomics';
import { ONE_PLAIN } from '../codec/arguments.js';
import { CloneError } from '../errors.js';
import { HEAD, Ring, TAIL } from '../memory/ring.js';
import {
  JUMP_BYTES,
  Kind,
  MAX_RECORD_BYTES,
  RECORD_BYTES,
  writeCallWithNumber,
  writeJump,
  writeRecord,
} from '../memory/record.js';
import { LONGEST_LOOP, shortTextWords, writeShortText } from '../codec/plain-writer.js';

/**
 * The largest ring of a lane whose reader does not keep up, in bytes: room for 4 million calls with one number, and as
 * many again in the smaller rings before it. Arbitrary.
 */
export const DEFAULT_LIMIT_BYTES = 64 * 1024 * 1024;

/** Result of `claim()`: the lane was sealed, and nobody will read the record. */
export const SEALED_LANE = -1;
/** Result of `claim()`: there is no room now, and the lane may not grow. */
export const FULL_LANE = -2;
/** Result of `pushNumber()` and `pushText()`: use `claim()` and `publish()` instead. */
export const NO_FAST_PATH = -3;

export interface LaneWriterOptions {
  readonly limitBytes?: number;
  /** Allocates larger rings. `Ring.allocate()` by default. */
  readonly allocate?: (capacityBytes: number) => Ring;
}

const allocateRing = (capacityBytes: number): Ring => Ring.allocate(capacityBytes);

export class LaneWriter {
  readonly #limitBytes: number;
  readonly #sendRing: (memory: SharedArrayBuffer) => number;
  readonly #allocate: (capacityBytes: number) => Ring;
  #ring: Ring;
  #tail: number;
  /** HEAD as last loaded. The reader may be further ahead by now. */
  #head: number;
  #claimedBytes = 0;
  /** The value of `Ring.writtenBytes` when a record was last published. Unlike TAIL it does not wrap. */
  #publishedBytes = 0;
  /** Number of bytes that can be written without checking HEAD or the end of the ring; 0: unknown. */
  #fastBytes = 0;
  /** How often the lane has continued in a larger ring. */
  timesGrown = 0;

  /** @param sendRing sends a ring by the broadcast channel and returns its message number */
  constructor(
    ring: Ring,
    sendRing: (memory: SharedArrayBuffer) => number,
    { limitBytes = DEFAULT_LIMIT_BYTES, allocate = allocateRing }: LaneWriterOptions = {},
  ) {
    this.#ring = ring;
    this.#tail = this.#head = ring.loadTail();
    this.#publishedBytes = ring.writtenBytes = this.#tail & (ring.capacityBytes - 1);
    this.#sendRing = sendRing;
    this.#limitBytes = limitBytes;
    this.#allocate = allocate;
  }

  /** The ring that records are written to. It changes when the lane grows, so read it after `claim()`. */
  get ring(): Ring {
    return this.#ring;
  }

  /** Number of unread bytes in the present ring. Those in smaller rings before it are not counted. */
  get backlogBytes(): number {
    return (this.#tail - load(this.#ring.header, HEAD)) | 0;
  }

  /** The position behind the last published record of the present ring. */
  get tail(): number {
    return this.#tail;
  }

  /**
   * Makes room for a record and returns the index of its first word, or SEALED_LANE or FULL_LANE.
   * @param sizeBytes a multiple of 8
   * @param limitBytes the largest ring that the lane may grow to for it; a ring that could never take the record grows
   * anyway
   * @throws {CloneError} when the record is larger than any ring can take
   */
  claim(sizeBytes: number, limitBytes: number = this.#limitBytes): number {
    while (true) {
      const capacity = this.#ring.capacityBytes;
      const offset = this.#tail & (capacity - 1);
      const padding = sizeBytes > capacity - offset ? capacity - offset : 0;
      const needed = padding + sizeBytes + JUMP_BYTES;
      if (this.#hasRoom(needed)) {
        this.#claimedBytes = padding + sizeBytes;
        this.#ring.writtenBytes = this.#publishedBytes + this.#claimedBytes;
        if (padding === 0) return offset >> 2;
        this.#ring.words[offset >> 2] = (Kind.PAD << 24) | padding;
        return 0;
      }
      if (this.#ring.isSealed()) return SEALED_LANE;
      const larger = this.#largerCapacity(sizeBytes);
      if (larger > (this.#couldTake(sizeBytes) ? limitBytes : this.#limitBytes)) return FULL_LANE;
      if (!this.#grow(larger)) return SEALED_LANE;
    }
  }

  /**
   * Writes and publishes a call with one number, the most common record, if a few stores are enough for that. Returns
   * its position as `Ring.writtenBytes` counts, or NO_FAST_PATH: then use `claim()`, which handles every case.
   */
  pushNumber(fn: number, value: number): number {
    if (this.#fastBytes < RECORD_BYTES && !this.#findFastBytes(RECORD_BYTES)) return NO_FAST_PATH;
    const ring = this.#ring;
    const at = (this.#tail & (ring.capacityBytes - 1)) >> 2;
    writeCallWithNumber(ring, at, fn, value);
    return this.#pushed(RECORD_BYTES);
  }

  /**
   * As `pushNumber()`, for a call with one short string. Returns NO_FAST_PATH also if the string is long or contains
   * characters outside of Latin-1.
   */
  pushText(fn: number, text: string): number {
    if (text.length > LONGEST_LOOP) return NO_FAST_PATH;
    const sizeBytes = (RECORD_BYTES + shortTextWords(text) * 4 + 7) & ~7;
    if (this.#fastBytes < sizeBytes && !this.#findFastBytes(sizeBytes)) return NO_FAST_PATH;
    const { words, bytes, capacityBytes } = this.#ring;
    const at = (this.#tail & (capacityBytes - 1)) >> 2;
    this.#ring.writtenBytes = this.#publishedBytes + sizeBytes; // first: an unfinished record overwrites old bytes too
    if (!writeShortText(words, bytes, at + RECORD_BYTES / 4, text)) return NO_FAST_PATH;
    writeRecord(words, at, Kind.CALL, sizeBytes, fn, 0, ONE_PLAIN);
    return this.#pushed(sizeBytes);
  }

  /**
   * Publishes a record that was written without a claim, and returns its position. NO_FAST_PATH: the lane was sealed.
   */
  #pushed(sizeBytes: number): number {
    const { header } = this.#ring;
    const start = this.#publishedBytes;
    this.#ring.writtenBytes = start + sizeBytes;
    const next = (this.#tail + sizeBytes) | 0;
    if (cas(header, TAIL, this.#tail, next) !== this.#tail) return NO_FAST_PATH;
    this.#tail = next;
    this.#publishedBytes = start + sizeBytes;
    this.#fastBytes -= sizeBytes;
    return start;
  }

  #findFastBytes(sizeBytes: number): boolean {
    const { capacityBytes, header } = this.#ring;
    this.#head = load(header, HEAD);
    const room = capacityBytes - ((this.#tail - this.#head) | 0) - JUMP_BYTES;
    this.#fastBytes = Math.min(room, capacityBytes - (this.#tail & (capacityBytes - 1)));
    return this.#fastBytes >= sizeBytes;
  }

  /** Publishes the claimed record. False: the lane was sealed first, and the record does not exist. */
  publish(): boolean {
    const next = (this.#tail + this.#claimedBytes) | 0;
    if (cas(this.#ring.header, TAIL, this.#tail, next) !== this.#tail) return false;
    this.#tail = next;
    this.#publishedBytes += this.#claimedBytes;
    this.#fastBytes = 0;
    return true;
  }

  /**
   * Blocks the thread until the reader has released bytes, for at most `timeoutMs`. Returns at once if there is room
   * for a record of that size.
   */
  waitForRoom(sizeBytes: number, timeoutMs: number): void {
    this.#ring.beginWaiting();
    if (!this.#hasRoom(2 * sizeBytes + JUMP_BYTES)) this.#ring.waitForHead(this.#head, timeoutMs);
    this.#ring.endWaiting();
  }

  /** Blocks the thread until the reader has released bytes, for at most `timeoutMs`. Returns at once if `isDone()`. */
  waitUntil(isDone: () => boolean, timeoutMs: number): void {
    const ring = this.#ring;
    ring.beginWaiting();
    const head = ring.loadHead();
    if (!isDone()) ring.waitForHead(head, timeoutMs);
    ring.endWaiting();
  }

  #hasRoom(needed: number): boolean {
    const capacity = this.#ring.capacityBytes;
    if (needed <= capacity - ((this.#tail - this.#head) | 0)) return true;
    this.#head = load(this.#ring.header, HEAD);
    return needed <= capacity - ((this.#tail - this.#head) | 0);
  }

  /** Whether the present ring, when empty, has room for a record of that size at every position. */
  #couldTake(sizeBytes: number): boolean {
    return 2 * sizeBytes + JUMP_BYTES <= this.#ring.capacityBytes;
  }

  #largerCapacity(sizeBytes: number): number {
    if (sizeBytes > MAX_RECORD_BYTES) throw new CloneError(`Cannot send ${sizeBytes} bytes in one record`);
    let capacity = this.#ring.capacityBytes * 2;
    while (capacity < 4 * sizeBytes) capacity *= 2; // room for the record at every position, and for some more
    return capacity;
  }

  /** Continues in a larger ring. False: the lane is sealed. */
  #grow(capacity: number): boolean {
    const larger = this.#allocate(capacity);
    const number = this.#sendRing(larger.memory);
    const at = (this.#tail & (this.#ring.capacityBytes - 1)) >> 2;
    writeJump(this.#ring.words, at, number);
    this.#claimedBytes = JUMP_BYTES;
    this.#ring.writtenBytes = this.#publishedBytes + JUMP_BYTES;
    if (!this.publish()) return false;
    this.#ring = larger;
    this.#tail = 0;
    this.#head = 0;
    this.#publishedBytes = 0;
    this.timesGrown++;
    return true;
  }
}
