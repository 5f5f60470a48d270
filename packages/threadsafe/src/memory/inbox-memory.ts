/**
 * The shared memory of an inbox: control words, a table of lanes, and the first ring of each lane.
 *
 *   word            written by          read by          meaning
 *   WAKE_WORD            see wake-word.ts
 *   LANES_USED      producers (cas)     owner            lanes from here on have never been claimed; only grows
 *   OWNED_BY        owner, or whoever   all              the owner as a producer (thread id + 1), 0 before its thread is known, or
 *                   saw it begin, end                    minus the producer: its thread has ended
 *   TASKS           owner               all              tasks under way for other threads
 *   BACKLOG         owner               all              bytes to be read of lanes that have grown, when it looked last
 *   OWNER[lane]     producers (cas),    owner            FREE, the producer (thread id + 1), or minus that: it has left;
 *                   owner (cas), group                   WITHDRAWN: nobody gets it any more
 *
 * 1. FREE -> producer by the claiming producer; producer -> -producer by itself, or by whoever saw its thread end;
 *    -producer -> FREE by the owner, after it has read all there is and reset the ring. The owner that closes makes FREE and
 *    -producer WITHDRAWN instead, and so need not write to rings that nobody has used. No other step.
 * 2. Thread ids are never used twice in a process, so nobody can mistake a lane for its own.
 * 3. Untouched memory costs address space only: an inbox is 4 MiB, and as many pages as its producers have written.
 */
import { threadId } from 'node:worker_threads';
import { cas, load, store } from '#atomics';
import { SlotTable } from '@ringloop/core/internal';
import { sharedBlockedThreads } from './blocked-threads.js';
import { closeWakeWord, isAsleep, wake } from './wake-word.js';
import { TooManyProducersError } from '../errors.js';
import { allocateLazily } from './lazy-memory.js';
import { withdrawChannel } from './private-channel.js';
import { DROPPED, HEAD, HEADER_BYTES, SEALED, Ring, TAIL } from './ring.js';
import { RECORD_BYTES } from './record.js';

/** Producer threads per inbox. A power of ten more than cores on most machines. */
export const LANES = 64;
/** A lane's first ring: some 2,700 calls with one number, and half of a small core's L1+L2 share. Larger was no faster. */
const RING_BYTES = 64 * 1024;

const CONTROL_WORDS = 32;
const LANES_USED = 16;
const OWNED_BY = 17;
const TASKS = 24;
const BACKLOG = 25;
const OWNERS = CONTROL_WORDS;
const LANE_TABLE_WORDS = LANES;
const RINGS_AT = (CONTROL_WORDS + LANE_TABLE_WORDS) * 4;
const LANE_BYTES = HEADER_BYTES + RING_BYTES;

const FREE = 0;
const WITHDRAWN = -0x8000_0000;

/** How this thread is called in lane tables. */
export const thisProducer = threadId + 1;

/** What is sent to other threads to let them call into an inbox. */
export interface InboxAddress {
  readonly memory: SharedArrayBuffer;
  /** Names the broadcast channel, and the inbox where a map needs a key. */
  readonly id: string;
  /** For messages. */
  readonly name: string;
}

let allocated = 0;

/** Of this copy of the package in this thread: another one counts by itself, and no inbox may be taken for another. In ns. */
const copyId = process.hrtime.bigint().toString(36);

/** A name that nobody else in the process gives, where each user of it counts for itself. */
export function newId(number: number): string {
  return `${process.pid}.${threadId}.${copyId}.${number}`;
}

/** Memory for an inbox of this thread, or of one that it will spawn and tell by `setOwner()`. */
export function allocateInbox(name: string): InboxAddress {
  sharedBlockedThreads(); // now: threads that are started before it is there do not share it
  const id = newId(++allocated);
  return { memory: allocateLazily(RINGS_AT + LANES * LANE_BYTES), id, name };
}

/** The words of an inbox and what may be done to them. */
export class InboxMemory {
  readonly words: Int32Array;
  readonly #memory: SharedArrayBuffer;
  readonly #lanes: SlotTable;

  constructor(memory: SharedArrayBuffer) {
    this.#memory = memory;
    this.words = new Int32Array(memory, 0, CONTROL_WORDS + LANE_TABLE_WORDS);
    this.#lanes = new SlotTable(this.words, { at: OWNERS, slots: LANES, slotWords: 1, usedAt: LANES_USED });
  }

  /** The first ring of a lane. */
  ring(lane: number): Ring {
    return new Ring(this.#memory, RINGS_AT + lane * LANE_BYTES, RING_BYTES);
  }

  /** Whose inbox it is or was, once that is known: thread id + 1, as in the lane table. */
  get owner(): number {
    return Math.abs(load(this.words, OWNED_BY));
  }

  /** Whether the owner's thread has been seen to end. */
  hasEnded(): boolean {
    return load(this.words, OWNED_BY) < 0;
  }

  setOwner(producer: number): void {
    store(this.words, OWNED_BY, producer);
  }

  /** Lanes that have ever been claimed are below this number. */
  lanesUsed(): number {
    return this.#lanes.used();
  }

  /** The producer that has claimed the lane, be it still there or not, or null. */
  producerOf(lane: number): number | null {
    const owner = this.#lanes.ownerOf(lane);
    return owner === FREE || owner === WITHDRAWN ? null : Math.abs(owner);
  }

  /** Producer: takes a lane for this thread. Null: the loop is closed. @throws {TooManyProducersError} */
  claimLane(name: string): number | null {
    for (let lane = 0; lane < LANES; lane++) {
      const owner = this.#lanes.ownerOf(lane);
      if (owner === FREE && this.#lanes.tryClaim(lane, thisProducer)) return lane;
      if (this.#lanes.ownerOf(lane) === WITHDRAWN) return null;
    }
    throw new TooManyProducersError(`Cannot call into loop "${name}": ${LANES} threads call into it already`);
  }

  /** Whether the producer has a lane that it has not left. */
  hasLaneOf(producer: number): boolean {
    const used = this.lanesUsed();
    for (let lane = 0; lane < used; lane++) {
      if (this.#lanes.ownerOf(lane) === producer) return true;
    }
    return false;
  }

  /** Whether the producer has another lane than that one: it has left that and begun anew. */
  hasOther(lane: number, producer: number): boolean {
    const used = this.lanesUsed();
    for (let other = 0; other < used; other++) {
      if (other !== lane && this.producerOf(other) === producer) return true;
    }
    return false;
  }

  /** The producer, or whoever saw it end: its lanes are read to the end and then free again. False: it had none. */
  leave(producer: number): boolean {
    const used = this.lanesUsed();
    let left = false;
    for (let lane = 0; lane < used; lane++) {
      // Left already, it counts as well: whoever left it may have been killed before ringing.
      left = Math.abs(cas(this.words, OWNERS + lane, producer, -producer)) === producer || left;
    }
    // A producer may be killed between publishing and ringing: whatever it did, let the owner look.
    if (left) wake(this.words);
    return left;
  }

  /** Owner, closing: nobody claims the lane from now on. False: a producer has claimed it. */
  withdrawLane(lane: number): boolean {
    return this.#lanes.release(lane, FREE, WITHDRAWN);
  }

  /** Owner, closing: the lane was left and is read to its end. */
  withdrawLeft(lane: number): void {
    store(this.words, OWNERS + lane, WITHDRAWN);
  }

  hasLeft(lane: number): boolean {
    const owner = this.#lanes.ownerOf(lane);
    return owner < FREE && owner !== WITHDRAWN;
  }

  /** Owner: the lane was left and is read to its end. */
  freeLane(lane: number): void {
    const { header } = this.ring(lane);
    store(header, TAIL, 0);
    store(header, HEAD, 0);
    store(header, DROPPED, 0); // it is where the lane could not be read
    withdrawChannel(header);
    store(this.words, OWNERS + lane, FREE);
  }

  /** Whoever saw the owner's thread end: producers are refused from now on. */
  abandon(): void {
    store(this.words, OWNED_BY, -this.owner);
    closeWakeWord(this.words); // last: who sees the wake-up word closed finds out why
  }

  /** Owner: how many tasks are under way for other threads. */
  storeTasks(count: number): void {
    if (load(this.words, TASKS) !== count) store(this.words, TASKS, count);
  }

  /** Owner: how many bytes are to be read of lanes that have grown, which nobody else can find. */
  storeBacklog(bytes: number): void {
    if (load(this.words, BACKLOG) !== bytes) store(this.words, BACKLOG, bytes);
  }

  /**
   * How much the owner has to do for other threads, as any thread can see it at any time: bytes that stand in the lanes, and for
   * each task under way as much as the smallest call. 0: it sleeps, and waits for no task.
   */
  outstanding(): number {
    let bytes = load(this.words, TASKS) * RECORD_BYTES;
    if (isAsleep(this.words)) return bytes;
    bytes += 1 + load(this.words, BACKLOG);
    const used = this.lanesUsed();
    for (let lane = 0; lane < used; lane++) {
      const header = new Int32Array(this.#memory, RINGS_AT + lane * LANE_BYTES, HEADER_BYTES / 4);
      bytes += ((load(header, TAIL) & ~SEALED) - load(header, HEAD)) >>> 0;
    }
    return bytes;
  }
}
