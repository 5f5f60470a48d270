/**
 * Which threads are blocked, and for which thread each of them waits: so that the last one of a circle learns that it would wait
 * for ever. One table for all threads of the process: a thread that makes workers hands it on to them.
 *
 *   word of a slot   written by                   meaning
 *   WHO              cas from FREE by its thread  the producer that is blocked; minus that while it writes the other words
 *   FOR              that thread                  the producer that it waits for
 *   TURN             that thread                  counts the writes of the slot
 *
 * 1. A thread enters itself before it looks for a circle. So of threads that enter at the same time, one at least sees all.
 * 2. A circle counts when a second look finds the same slots with the same TURNs: then all of them were blocked at one time.
 * 3. A thread that is killed while it is blocked leaves its slot behind; whoever sees it end frees it.
 * Source: wait-for graphs of lock managers; the second look after "double collect" snapshots (Afek et al., 1993).
 */
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { add, cas, load, store } from '#atomics';

const WHO = 0;
const FOR = 1;
const TURN = 2;
const SLOT_WORDS = 4;
const FREE = 0;

/** Threads that are blocked at a time, as far as circles are looked for. Arbitrary. */
const SLOTS = 256;

const KEY = 'ringloop.blockedThreads';

/** Memory that all threads share which are started by this one from now on. */
export function sharedBlockedThreads(): SharedArrayBuffer {
  const inherited = getEnvironmentData(KEY);
  if (inherited instanceof SharedArrayBuffer) return inherited;
  const memory = new SharedArrayBuffer(SLOTS * SLOT_WORDS * 4);
  setEnvironmentData(KEY, memory);
  return memory;
}

/** A thread on the way from one to the other, as it was seen. */
interface Seen {
  readonly slot: number;
  readonly turn: number;
}

export class BlockedThreads {
  readonly #words: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
  }

  /** `who` is about to wait for `whom`. Returns its slot for `leave()`; null when the table is full, and nobody will know. */
  enter(who: number, whom: number): number | null {
    const words = this.#words;
    for (let slot = 0; slot < words.length; slot += SLOT_WORDS) {
      if (load(words, slot + WHO) !== FREE || cas(words, slot + WHO, FREE, -who) !== FREE) continue;
      store(words, slot + FOR, whom);
      add(words, slot + TURN, 1);
      store(words, slot + WHO, who);
      return slot;
    }
    return null;
  }

  leave(slot: number): void {
    store(this.#words, slot + WHO, FREE);
  }

  /** For whom `who` waits, if it is blocked. */
  waitsFor(who: number): number | null {
    const slot = this.#slotOf(who);
    return slot === null ? null : load(this.#words, slot + FOR);
  }

  /** Whether the thread of `who`, which has entered, waits for itself, by way of others. */
  isInCircle(who: number): boolean {
    while (true) {
      const way = this.#wayBack(who);
      if (way === null) return false;
      if (way.every(({ slot, turn }) => this.#isStill(slot, turn))) return true;
    }
  }

  /** The thread has ended: it is blocked no more. */
  forget(who: number): void {
    const words = this.#words;
    for (let slot = 0; slot < words.length; slot += SLOT_WORDS) {
      cas(words, slot + WHO, who, FREE);
      cas(words, slot + WHO, -who, FREE);
    }
  }

  /** From `who` on, each for whom the one before waits, until that is `who` again. */
  #wayBack(who: number): Seen[] | null {
    const words = this.#words;
    const way: Seen[] = [];
    let next = who;
    do {
      const slot = this.#slotOf(next);
      if (slot === null || way.some((seen) => seen.slot === slot)) return null; // it waits for a circle that it is no part of
      way.push({ slot, turn: load(words, slot + TURN) });
      next = load(words, slot + FOR);
    } while (next !== who);
    return way;
  }

  #isStill(slot: number, turn: number): boolean {
    return load(this.#words, slot + WHO) > FREE && load(this.#words, slot + TURN) === turn;
  }

  #slotOf(who: number): number | null {
    for (let slot = 0; slot < this.#words.length; slot += SLOT_WORDS) {
      if (load(this.#words, slot + WHO) === who) return slot;
    }
    return null;
  }
}
