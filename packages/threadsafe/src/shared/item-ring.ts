/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices of words and cells that the layout has room for */
/**
 * A bounded first-in-first-out queue of byte strings in shared memory. Any thread may put and take. No thread waits for
 * another: a thread that finds a step of another thread unfinished finishes it.
 *
 *   word            written by                 meaning
 *   TAIL, HEAD      all (cas, helping)         position where the next item goes in, and comes out; may lag by a step
 *   DONE            all (cas)                  how many of the items that were put are done, as a position
 *   OWNER[seat]     putting thread, repairers  FREE, the thread (id + 1) that puts from this seat, or LOST
 *   SPARE[seat]     its thread                 the cell that it may write
 *   SWAPPING[seat]  its thread                 1 while it trades SPARE for a slot's cell
 *   SLOT[k]         all (cas)                  lap << … | cell << 1 | FULL: of the positions k, k + N, k + 2N, …
 *
 * N slots, one cell for each slot and one for each seat. A cell is in one slot, or is the spare of one seat.
 *
 * 1. To put: fill the spare, which no other thread has; trade it for the cell of the slot at TAIL, by one
 *    compare-and-swap from "empty in this lap" to "full in this lap"; move TAIL. With that swap the item is in the
 *    queue.
 * 2. To take: copy the cell of the slot at HEAD; one compare-and-swap from "full in this lap" to "empty in the next
 *    lap"; move HEAD. With that swap the item is out. The swap fails if another thread has taken the item; then the
 *    copy is worthless, and is thrown away.
 * 3. No thread writes to a cell in a full slot: so a copy whose swap succeeds is whole.
 * 4. TAIL leaves a position only when its slot was filled in this lap, HEAD only when it was emptied into the next. A
 *    thread that finds this done and the word still at the position moves the word.
 * 5. A thread that ends during a take has taken the item, which is lost with it, or it has not. If it ends during a
 *    put, the item is in the queue, or it is not. If it ends in the two instructions of a trade, nobody can say any
 *    more which cell was its own: such a seat is LOST, with one cell.
 * 6. A slot counts laps modulo 2^LAP_BITS: a thread that is stopped in the middle of a step for exactly that many laps
 *    would be fooled. These are at least 2^22 puts.
 *
 * Positions are below N << LAP_BITS and begin anew there: compare them only for equality.
 * Source: slots that are filled at the tail and helped along after P. Tsigas and Y. Zhang (2001) and M. Michael and M.
 * Scott (1996); cells that are traded instead of allocated are ours.
 */
import { cas, load, store } from '#atomics';
import { SlotTable } from '@ringloop/core/internal';
import { TooManyProducersError } from '../errors.js';

/** The most threads that put into one queue. Arbitrary. */
const SEATS = 128;

const TAIL = 0;
/** On another cache line: threads that take write it while others write TAIL. */
const HEAD = 16;
const DONE = 32;
const SEAT_TABLE = 48;
const SPARE = 1;
const SWAPPING = 2;
const SEAT_WORDS = 4;

const LOST = -1;

/** The most slots of a ring. With more, laps would have too few bits. */
export const MOST_SLOTS = 65_536;

/** The size of a ring. */
export interface RingSize {
  /** How many items it has room for. */
  readonly slots: number;
  /** How large an item may be. */
  readonly itemBytes: number;
  /** How many threads may put. */
  readonly seats?: number;
}

/** Where a ring's words and cells are. Numbers are in words, unless their name says bytes. */
interface Layout {
  readonly slotsAt: number;
  readonly cellsAtBytes: number;
  readonly cellBytes: number;
  readonly words: number;
  readonly bytes: number;
}

function layoutOf({ slots, itemBytes, seats = SEATS }: RingSize): Layout {
  const slotsAt = SEAT_TABLE + seats * SEAT_WORDS;
  const words = slotsAt + slots;
  const cellBytes = (4 + itemBytes + 7) & ~7; // the size of the item, and the item
  const cellsAtBytes = (words * 4 + 63) & ~63;
  return { slotsAt, cellsAtBytes, cellBytes, words, bytes: cellsAtBytes + (slots + seats) * cellBytes };
}

/** How many bytes a ring takes. Untouched memory costs address space only. */
export function ringBytes(size: RingSize): number {
  return layoutOf(size).bytes;
}

/** The words of a ring, and the operations on them. */
export class ItemRing {
  readonly slots: number;
  readonly itemBytes: number;
  readonly #words: Int32Array;
  readonly #sizes: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #layout: Layout;
  readonly #seats: number;
  readonly #owners: SlotTable;
  readonly #lapShift: number;
  readonly #lapMask: number;
  readonly #limit: number;
  #seat = -1;

  constructor(memory: SharedArrayBuffer, at: number, size: RingSize) {
    const { slots, itemBytes, seats = SEATS } = size;
    const layout = layoutOf(size);
    const cellBits = 32 - Math.clz32(slots + seats - 1);
    this.slots = slots;
    this.itemBytes = itemBytes;
    this.#seats = seats;
    this.#layout = layout;
    this.#words = new Int32Array(memory, at, layout.words);
    this.#owners = new SlotTable(this.#words, { at: SEAT_TABLE, slots: seats, slotWords: SEAT_WORDS });
    this.#bytes = new Uint8Array(memory, at + layout.cellsAtBytes);
    this.#sizes = new Int32Array(memory, at + layout.cellsAtBytes);
    this.#lapShift = cellBits + 1;
    const lapBits = 31 - this.#lapShift; // no word is negative, nor a position: there are fewer slots than cells
    this.#lapMask = 2 ** lapBits - 1;
    this.#limit = slots * 2 ** lapBits;
  }

  /** Puts every cell in its first place. Called before any other thread has the memory. */
  initialize(): void {
    for (let k = 0; k < this.slots; k++) this.#words[this.#layout.slotsAt + k] = this.#empty(0, k);
    for (let seat = 0; seat < this.#seats; seat++) {
      this.#words[SEAT_TABLE + seat * SEAT_WORDS + SPARE] = this.slots + seat;
    }
  }

  /**
   * Puts an item in. Returns its position, or -1 if there is no room.
   * @throws {TooManyProducersError} when more threads put than there are seats
   */
  tryPut(item: Uint8Array, producer: number): number {
    const words = this.#words;
    const seat = this.#seatOf(producer);
    const spare = words[seat + SPARE]!; // only this thread writes it
    this.#write(spare, item);
    while (true) {
      const tail = load(words, TAIL);
      const slot = this.#slotOf(tail);
      const lap = this.#lapOf(tail);
      const found = load(words, slot);
      const cell = this.#cellOf(found);
      if (found === this.#empty(lap, cell)) {
        if (this.#trade(seat, slot, found, lap, spare, cell)) {
          cas(words, TAIL, tail, this.#next(tail));
          return tail;
        }
      } else if (found === this.#full(lap, cell) || found === this.#empty(this.#after(lap), cell)) {
        cas(words, TAIL, tail, this.#next(tail)); // the thread that filled it has not moved TAIL yet
      } else if (load(words, TAIL) === tail) return -1; // it still holds an item of the lap before
    }
  }

  /** Takes the first item out, or returns null if there is none. */
  tryTake(): Uint8Array | null {
    const words = this.#words;
    while (true) {
      const head = load(words, HEAD);
      const slot = this.#slotOf(head);
      const lap = this.#lapOf(head);
      const found = load(words, slot);
      const cell = this.#cellOf(found);
      const emptied = this.#empty(this.#after(lap), cell);
      if (found === this.#full(lap, cell)) {
        const item = this.#read(cell);
        const isOurs = cas(words, slot, found, emptied) === found;
        if (isOurs) {
          cas(words, HEAD, head, this.#next(head));
          return item;
        }
      } else if (found === emptied) {
        cas(words, HEAD, head, this.#next(head));
      } else if (load(words, HEAD) === head) return null;
    }
  }

  /** Takes back the item that was put at `position`. False: another thread has taken it. */
  takeBack(position: number): boolean {
    const slot = this.#slotOf(position);
    const lap = this.#lapOf(position);
    const found = load(this.#words, slot);
    const cell = this.#cellOf(found);
    // HEAD passes over the empty slot when it comes there.
    return (
      found === this.#full(lap, cell) &&
      cas(this.#words, slot, found, this.#empty(this.#after(lap), cell)) === found
    );
  }

  /** Whether the ring has no items. */
  isEmpty(): boolean {
    while (true) {
      const head = this.#settledHead();
      const lap = this.#lapOf(head);
      const found = load(this.#words, this.#slotOf(head));
      if (found === this.#full(lap, this.#cellOf(found))) return false;
      if (load(this.#words, HEAD) === head) return true;
    }
  }

  /** Whether the ring has no room. */
  isFull(): boolean {
    while (true) {
      const tail = this.#settledTail();
      const lap = this.#lapOf(tail);
      const found = load(this.#words, this.#slotOf(tail));
      if (found === this.#empty(lap, this.#cellOf(found))) return false;
      if (load(this.#words, TAIL) === tail) return true;
    }
  }

  /** How many items are in the ring. The number is exact if nobody puts or takes meanwhile. */
  count(): number {
    const head = this.#settledHead();
    const ahead = this.#distance(head, this.#settledTail());
    return ahead > this.slots ? 0 : ahead; // TAIL was overtaken while we looked
  }

  /** How many items were put, but not finished by `finishOne()` yet. */
  unfinished(): number {
    return this.#distance(load(this.#words, DONE), this.#settledTail());
  }

  /** Counts one more item as done. False: all items are done already. */
  finishOne(): boolean {
    while (true) {
      const done = load(this.#words, DONE);
      if (done === this.#settledTail()) {
        if (load(this.#words, DONE) === done) return false;
      } else if (cas(this.#words, DONE, done, this.#next(done)) === done) return true;
    }
  }

  /**
   * Frees the seat of a thread that has ended. Any thread may call it, any number of times, also several threads at
   * once.
   */
  expel(producer: number): void {
    for (let i = 0; i < this.#seats; i++) {
      if (this.#owners.ownerOf(i) !== producer) continue;
      // Thread numbers are never used again: if the seat can be released, `isSwapping` was read from the thread that
      // ended.
      const isSwapping = load(this.#words, this.#owners.wordOf(i) + SWAPPING) !== 0;
      this.#owners.release(i, producer, isSwapping ? LOST : undefined);
    }
  }

  #seatOf(producer: number): number {
    if (this.#seat !== -1) return this.#seat;
    // A thread has one seat, however many objects it has over this memory.
    const seat = this.#owners.find(producer) ?? this.#owners.claim(producer);
    if (seat !== null) return (this.#seat = this.#owners.wordOf(seat));
    throw new TooManyProducersError(`Cannot put: ${this.#seats} threads put into this queue already`);
  }

  #trade(seat: number, slot: number, found: number, lap: number, spare: number, cell: number): boolean {
    const words = this.#words;
    store(words, seat + SWAPPING, 1);
    const traded = cas(words, slot, found, this.#full(lap, spare)) === found;
    if (traded) words[seat + SPARE] = cell;
    store(words, seat + SWAPPING, 0);
    return traded;
  }

  #write(cell: number, item: Uint8Array): void {
    const at = cell * this.#layout.cellBytes;
    this.#sizes[at >> 2] = item.byteLength;
    this.#bytes.set(item, at + 4);
  }

  /** Returns a copy. Another thread may be writing there: then the copy is nonsense, and the caller throws it away. */
  #read(cell: number): Uint8Array {
    const at = cell * this.#layout.cellBytes;
    const size = Math.min(this.#sizes[at >> 2]! >>> 0, this.itemBytes);
    return this.#bytes.slice(at + 4, at + 4 + size);
  }

  #settledHead(): number {
    while (true) {
      const head = load(this.#words, HEAD);
      const found = load(this.#words, this.#slotOf(head));
      if (found !== this.#empty(this.#after(this.#lapOf(head)), this.#cellOf(found))) return head;
      cas(this.#words, HEAD, head, this.#next(head));
    }
  }

  #settledTail(): number {
    while (true) {
      const tail = load(this.#words, TAIL);
      const found = load(this.#words, this.#slotOf(tail));
      const lap = this.#lapOf(tail);
      const cell = this.#cellOf(found);
      if (found !== this.#full(lap, cell) && found !== this.#empty(this.#after(lap), cell)) return tail;
      cas(this.#words, TAIL, tail, this.#next(tail));
    }
  }

  #slotOf(position: number): number {
    return this.#layout.slotsAt + (position % this.slots);
  }

  #lapOf(position: number): number {
    return Math.floor(position / this.slots);
  }

  #after(lap: number): number {
    return (lap + 1) & this.#lapMask;
  }

  #next(position: number): number {
    return position + 1 === this.#limit ? 0 : position + 1;
  }

  #distance(from: number, to: number): number {
    return to >= from ? to - from : to - from + this.#limit;
  }

  #cellOf(slotWord: number): number {
    return (slotWord & (2 ** this.#lapShift - 1)) >> 1;
  }

  #empty(lap: number, cell: number): number {
    return (lap << this.#lapShift) | (cell << 1);
  }

  #full(lap: number, cell: number): number {
    return this.#empty(lap, cell) | 1;
  }
}
