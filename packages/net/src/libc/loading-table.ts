/**
 * Which threads of this process are loading koffi at the moment, so that nobody ends one meanwhile; see koffi-loading.ts.
 *
 *   word          written by                    meaning
 *   LOADER[slot]  the loading thread (cas),     FREE; thread id + 1 while it loads; minus that: it is about to be terminated
 *                 and who ends it (cas)
 *   DOOM, last    the main thread, at its exit  its thread id + 1: all others are about to be terminated
 *
 * 1. A thread loads only while its slot has its own mark, and is doomed only while the slot has none: never both.
 * 2. A doomed thread that wants to load stands still instead, until it is terminated. One that is doomed later never loads again.
 * 3. The slot is the thread id modulo the number of slots. A mark that a dead thread has left is taken over: a doomed one at once, a loading
 *    one after LOADING_MS, which only a thread can leave that was ended by somebody who does not know this table.
 * 4. A thread marks its slot before it looks at DOOM, the main thread sets DOOM before it looks at the slots: one sees the other. (A
 *    thread that looks first may load while the process ends. The explorer found that.)
 */
import { cas, load, notify, store, wait } from '#atomics';

/** Threads that can load at a time without waiting for each other. Arbitrary, far above the number of cores. */
const SLOTS = 256;
const FREE = 0;
/** More waiters than there are. */
const ALL = 0x7fffffff;

/** How long somebody may take to load, in ms: some hundred times what it takes on an idle machine. */
export const LOADING_MS = 250;

/** How often a thread that waits for another one looks at the clock, in ms. */
const LOOK_EVERY_MS = 1;

export interface LoadingTableOptions {
  /** A word a slot, and one more. */
  readonly memory: SharedArrayBuffer;
  /** The id of this thread, plus 1: 0 is nobody. */
  readonly self: number;
  /** In ms, from any origin. */
  readonly now: () => number;
  /** What a thread does that is about to be terminated. */
  readonly standStill: () => never;
}

export class LoadingTable {
  static readonly BYTES = (SLOTS + 1) * 4;
  readonly #words: Int32Array;
  readonly #options: LoadingTableOptions;
  readonly #slots: number;
  /** Where DOOM stands. */
  readonly #doom: number;

  constructor(options: LoadingTableOptions) {
    this.#words = new Int32Array(options.memory);
    this.#options = options;
    this.#slots = this.#doom = this.#words.length - 1;
  }

  /** Calls `body`, which may load koffi, unless this thread is about to be terminated: then it never returns. */
  whileLoading<T>(body: () => T): T {
    const { self, standStill } = this.#options;
    this.#claim();
    let doom: number;
    try {
      doom = load(this.#words, this.#doom);
      if (doom === FREE || doom === self) return body();
    } finally {
      this.#release();
    }
    return standStill();
  }

  /** Prepares a thread for being terminated: it is not loading koffi, and will not begin to. @param key its id, plus 1 */
  doom(key: number): void {
    const at = key % this.#slots;
    const deadline = this.#options.now() + LOADING_MS;
    for (let found = FREE; ;) {
      const seen = cas(this.#words, at, found, -key);
      if (seen === found || seen === -key) return;
      if (seen > FREE && this.#options.now() > deadline) return; // it hangs in there: ending it is a risk, not ending it is worse
      if (seen > FREE) wait(this.#words, at, seen, LOOK_EVERY_MS);
      found = seen > FREE ? FREE : seen;
    }
  }

  /** The same of all threads but this one. */
  doomAll(): void {
    const { self, now } = this.#options;
    store(this.#words, this.#doom, self);
    const deadline = now() + LOADING_MS;
    for (let slot = 0; slot < this.#slots; slot++) {
      for (let seen = load(this.#words, slot); seen > FREE && seen !== self; seen = load(this.#words, slot)) {
        if (now() > deadline) return;
        wait(this.#words, slot, seen, LOOK_EVERY_MS);
      }
    }
  }

  #claim(): void {
    const { self, now, standStill } = this.#options;
    const at = self % this.#slots;
    const deadline = now() + LOADING_MS;
    for (let found = FREE; ;) {
      const seen = cas(this.#words, at, found, self);
      if (seen === found) return;
      if (seen === -self) standStill();
      const abandoned = seen < FREE || now() > deadline; // see 3 above
      if (!abandoned) wait(this.#words, at, seen, LOOK_EVERY_MS);
      found = abandoned ? seen : FREE;
    }
  }

  /** Somebody who waited too long may have taken the slot over: then it is not ours to free. */
  #release(): void {
    const { self } = this.#options;
    const at = self % this.#slots;
    cas(this.#words, at, self, FREE);
    notify(this.#words, at, ALL);
  }
}
