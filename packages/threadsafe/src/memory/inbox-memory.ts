/**
 * The shared memory of an inbox: control words, a table of lanes, and the first ring of each lane.
 *
 *   word            written by          read by   meaning
 *   WAKE_WORD       see wake-word.ts
 *   LANES_USED      producers (cas)     owner     lanes from here on have never been claimed; only grows
 *   OWNED_BY        owner, its spawner  all       the owner as a producer (thread id + 1); 0: it is not known yet;
 *                   and threads that              minus the producer: its thread has ended
 *                   saw it end
 *   TASKS           owner               all       tasks under way for other threads
 *   BACKLOG         owner               all       unread bytes of lanes that have grown, when the owner looked last
 *   OWNER[lane]     producers (cas),    owner     FREE; the producer (thread id + 1); minus the producer: it has left;
 *                   owner (cas), group            WITHDRAWN: no producer gets the lane any more
 *
 * 1. FREE -> producer by the claiming producer; producer -> -producer by itself, or by a thread that saw it end;
 *    -producer -> FREE by the owner, after it has read all there is and reset the ring. An owner that closes makes FREE
 *    and -producer WITHDRAWN instead, so it need not write to rings that nobody has used. There is no other step.
 * 2. Thread ids are never used twice in a process, so no thread can mistake a lane for its own.
 * 3. Untouched memory costs address space only: an inbox is 4 MiB, but takes only the pages that its producers have
 *    written.
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

/** The most producer threads of an inbox: an order of magnitude more than most machines have cores. */
export const LANES = 64;
/**
 * The size of a lane's first ring: room for some 4,000 calls with one number, and half of a small core's L1+L2 share.
 * Larger rings were no faster.
 */
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

/** This thread's number in lane tables. */
export const thisProducer = threadId + 1;

/** What other threads need to call into an inbox. */
export interface InboxAddress {
  readonly memory: SharedArrayBuffer;
  /** Names the broadcast channel, and is the key of the inbox in maps. */
  readonly id: string;
  /** The name of the loop, for messages. */
  readonly name: string;
}

let allocated = 0;

/**
 * Names this copy of the package in this thread, because another copy has counters of its own, and no two inboxes may
 * have the same id. A time in ns.
 */
const copyId = process.hrtime.bigint().toString(36);

/**
 * Returns an id that no other thread and no other copy of the package returns. Each kind of object counts its own
 * numbers.
 */
export function newId(number: number): string {
  return `${process.pid}.${threadId}.${copyId}.${number}`;
}

/** Allocates an inbox for this thread, or for a thread that it will spawn and then name by `setOwner()`. */
export function allocateInbox(name: string): InboxAddress {
  sharedBlockedThreads(); // first: threads that are started before this memory exists do not share it
  const id = newId(++allocated);
  return { memory: allocateLazily(RINGS_AT + LANES * LANE_BYTES), id, name };
}

/** The words of an inbox, and the operations on them. */
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

  /** The owner of the inbox, even if it has ended: thread id + 1, as in the lane table. 0: it is not known yet. */
  get owner(): number {
    return Math.abs(load(this.words, OWNED_BY));
  }

  /** Whether a thread has seen the owner's thread end. */
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

  /** The producer that has claimed the lane, even if it has left since, or null. */
  producerOf(lane: number): number | null {
    const owner = this.#lanes.ownerOf(lane);
    return owner === FREE || owner === WITHDRAWN ? null : Math.abs(owner);
  }

  /** Producer: claims a lane for this thread. Null: the loop is closed. @throws {TooManyProducersError} */
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

  /** Whether the producer has another lane: it has left the given one and begun anew. */
  hasOther(lane: number, producer: number): boolean {
    const used = this.lanesUsed();
    for (let other = 0; other < used; other++) {
      if (other !== lane && this.producerOf(other) === producer) return true;
    }
    return false;
  }

  /**
   * Leaves the producer's lanes: they are read to the end, and are free then. Called by the producer, or by a thread
   * that saw it end. False: it had none.
   */
  leave(producer: number): boolean {
    const used = this.lanesUsed();
    let left = false;
    for (let lane = 0; lane < used; lane++) {
      // A lane that was left before counts too: the thread that left it may have been killed before it signalled.
      left = Math.abs(cas(this.words, OWNERS + lane, producer, -producer)) === producer || left;
    }
    // A producer may be killed between publishing and signalling: let the owner look in any case.
    if (left) wake(this.words);
    return left;
  }

  /** Owner, closing: no producer can claim the lane from now on. False: a producer has claimed it. */
  withdrawLane(lane: number): boolean {
    return this.#lanes.release(lane, FREE, WITHDRAWN);
  }

  /** Owner, closing: the lane was left and has been read to its end. */
  withdrawLeft(lane: number): void {
    store(this.words, OWNERS + lane, WITHDRAWN);
  }

  hasLeft(lane: number): boolean {
    const owner = this.#lanes.ownerOf(lane);
    return owner < FREE && owner !== WITHDRAWN;
  }

  /** Owner: frees a lane that was left and has been read to its end. */
  freeLane(lane: number): void {
    const { header } = this.ring(lane);
    store(header, TAIL, 0);
    store(header, HEAD, 0);
    store(header, DROPPED, 0); // it is set if the lane could not be read
    withdrawChannel(header);
    store(this.words, OWNERS + lane, FREE);
  }

  /**
   * Marks that the owner's thread has ended: producers are refused from now on. Called by a thread that saw that, or by
   * the owner itself.
   */
  abandon(): void {
    store(this.words, OWNED_BY, -this.owner);
    closeWakeWord(this.words); // last: a producer that sees the wake-up word closed can find out why
  }

  /** Owner: publishes how many tasks are under way for other threads. */
  storeTasks(count: number): void {
    if (load(this.words, TASKS) !== count) store(this.words, TASKS, count);
  }

  /** Owner: publishes how many bytes are unread in lanes that have grown: other threads cannot find their rings. */
  storeBacklog(bytes: number): void {
    if (load(this.words, BACKLOG) !== bytes) store(this.words, BACKLOG, bytes);
  }

  /**
   * How much work the owner has for other threads: the bytes in the lanes, and for each task under way the size of the
   * smallest call. Any thread can ask at any time. 0: the owner sleeps, and no task is under way.
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
