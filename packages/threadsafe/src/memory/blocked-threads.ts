/**
 * Which threads are blocked, and for which thread each of them waits: so that the last one of a circle learns that it
 * would wait for ever. One table for all threads of the process: a thread that makes workers hands it on to them.
 *
 *   word             written by                   meaning
 *   USED             threads (add)                slots that are taken: 0, and nobody need look
 *   of a slot:
 *   WHO              cas from FREE by its thread  the producer that is blocked; minus that while it writes the
 *                                                 other words
 *   FOR              that thread                  the producer that it waits for
 *   TURN             that thread                  counts the waits of the slot
 *   STATE            that thread, and the one     LOOKING: it looks whether it must wait; WAITING: it found that it
 *                    that it waits for            must; PROGRESSED: since it began to look, something has been done
 *                                                 for it
 *
 * 1. A thread is WAITING before it looks for a circle. So of threads that begin to wait at the same time, one at least
 *    sees all.
 * 2. A circle counts when a second look finds the same slots WAITING with the same TURNs: then all of them were at one
 *    time.
 * 3. A thread that does something that another thread may wait for marks that thread's progress, and only then may wait
 *    itself. A thread is LOOKING before it looks whether that has been done, and makes this WAITING by cas. So one that
 *    was answered and has not gone on yet is not taken for blocked. (Without that, an answer and a wait in the other
 *    direction right behind it were a circle. The explorer shows it.)
 * 4. A thread that is killed while it is blocked leaves its slot behind; whoever sees it end frees it.
 * Source: wait-for graphs of lock managers; the second look after "double collect" snapshots (Afek et al., 1993).
 */
import { inheritMemory, SlotTable } from '@ringloop/core/internal';
import { add, cas, load, store } from '#atomics';

const USED = 0;
/** The first slot starts behind USED, at a multiple of this. */
const SLOT_WORDS = 4;
const WHO = 0;
const FOR = 1;
const TURN = 2;
const STATE = 3;
const FREE = 0;

const LOOKING = 0;
const WAITING = 1;
const PROGRESSED = 2;

/** How many threads that are blocked at a time the search for circles can see. Arbitrary. */
const SLOTS = 256;

/** The memory of the table, which this thread shares with all threads that it starts from now on. */
export function sharedBlockedThreads(): SharedArrayBuffer {
  return inheritMemory('blockedThreads', (1 + SLOTS) * SLOT_WORDS * 4);
}

/** The slot of a blocked thread, and its TURN when it was seen. */
interface Seen {
  readonly slot: number;
  readonly turn: number;
}

export class BlockedThreads {
  readonly #words: Int32Array;
  readonly #slots: SlotTable;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    const slots = this.#words.length / SLOT_WORDS - 1;
    this.#slots = new SlotTable(this.#words, { at: SLOT_WORDS, slots, slotWords: SLOT_WORDS });
  }

  /**
   * Notes that `who` may have to wait for `whom`. Returns the slot for `leave()`. Null: the table is full, and no
   * search will see this wait.
   */
  enter(who: number, whom: number): number | null {
    const words = this.#words;
    add(words, USED, 1); // first: if the thread is killed here, others search in vain, but nothing worse happens
    const claimed = this.#slots.claim(-who);
    if (claimed !== null) {
      const slot = this.#slots.wordOf(claimed);
      store(words, slot + FOR, whom);
      store(words, slot + STATE, LOOKING);
      store(words, slot + WHO, who);
      return slot;
    }
    add(words, USED, -1);
    return null;
  }

  /** Called before the thread looks whether it must wait. */
  look(slot: number): void {
    store(this.#words, slot + STATE, LOOKING);
  }

  /**
   * Called when the thread has seen that it must wait. False: something was done for it meanwhile, so it must look
   * again.
   */
  beginWaiting(slot: number): boolean {
    add(this.#words, slot + TURN, 1);
    return cas(this.#words, slot + STATE, LOOKING, WAITING) === LOOKING;
  }

  leave(slot: number): void {
    store(this.#words, slot + WHO, FREE);
    add(this.#words, USED, -1);
  }

  /** Notes that `by` has done something that the thread of `who` may wait for. */
  markProgress(who: number, by: number): void {
    const words = this.#words;
    if (load(words, USED) === 0) return;
    const slot = this.#slotOf(who);
    if (slot !== null && load(words, slot + FOR) === by) store(words, slot + STATE, PROGRESSED);
  }

  /** Whether the thread of `who`, which has entered, waits for itself through other threads. */
  isInCircle(who: number): boolean {
    while (true) {
      const way = this.#wayBack(who);
      if (way === null) return false;
      if (way.every(({ slot, turn }) => this.#isStill(slot, turn))) return true;
    }
  }

  /** Frees the slots of a thread that has ended. */
  forget(who: number): void {
    for (let slot = 0; slot < this.#slots.used(); slot++) {
      const found = this.#slots.ownerOf(slot);
      if (Math.abs(found) === who && this.#slots.release(slot, found)) add(this.#words, USED, -1);
    }
  }

  /** The circle from `who` back to `who`: each thread in it waits for the next one. Null: there is none. */
  #wayBack(who: number): Seen[] | null {
    const words = this.#words;
    const way: Seen[] = [];
    let next = who;
    do {
      const slot = this.#slotOf(next);
      const turn = slot === null ? 0 : load(words, slot + TURN);
      if (slot === null || load(words, slot + STATE) !== WAITING) return null;
      if (way.some((seen) => seen.slot === slot)) return null; // `who` waits for a circle, but is not part of it
      way.push({ slot, turn });
      next = load(words, slot + FOR);
    } while (next !== who);
    return way;
  }

  #isStill(slot: number, turn: number): boolean {
    const words = this.#words;
    return (
      load(words, slot + WHO) > FREE &&
      load(words, slot + STATE) === WAITING &&
      load(words, slot + TURN) === turn
    );
  }

  #slotOf(who: number): number | null {
    const slot = this.#slots.find(who);
    return slot === null ? null : this.#slots.wordOf(slot);
  }
}
