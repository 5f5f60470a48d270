/**
 * Records which threads of this process are loading koffi, so that nobody terminates one meanwhile; see
 * koffi-loading.ts.
 *
 *   word          written by                    meaning
 *   LOADER[slot]  the loading thread (cas),     FREE; thread id + 1 while it loads; minus that: it is about to be
 *                 the terminating one (cas)     terminated ("doomed")
 *   DOOM, last    the main thread, at its exit  its thread id + 1: all others are about to be terminated
 *
 * 1. A thread loads only while its slot holds its own mark. It is doomed only while the slot holds no loading mark. So
 *    it is never both.
 * 2. A doomed thread that wants to load blocks until it is terminated. A thread that is doomed after it has loaded
 *    never loads again.
 * 3. The slot is thread id + 1, modulo the number of slots. A mark that a dead thread has left is taken over: a doomed
 *    mark at once, a loading mark after LOADING_MS. Only a thread that was terminated by code without this table can
 *    leave a loading mark.
 * 4. A thread marks its slot before it reads DOOM; the main thread sets DOOM before it reads the slots. So one of them
 *    sees the other. (A thread that reads DOOM first may load while the process ends. The explorer found that.)
 */
import { cas, load, notify, store, wait } from '#atomics';

/** Threads that can load at a time without waiting for each other. Arbitrary, far above the number of cores. */
const SLOTS = 256;
const FREE = 0;
/** For notify(): more waiters than there can be. */
const ALL = 0x7fffffff;

/** The longest time to wait for a thread to load, in ms: some hundred times what it takes on an idle machine. */
export const LOADING_MS = 250;

/** How often a thread that waits for another one looks at the clock, in ms. */
const LOOK_EVERY_MS = 1;

export interface LoadingTableOptions {
  /** One word per slot, and one for DOOM. */
  readonly memory: SharedArrayBuffer;
  /** The id of this thread, plus 1: 0 is nobody. */
  readonly self: number;
  /** The time in ms, from any origin. */
  readonly now: () => number;
  /** Blocks a thread that is about to be terminated. */
  readonly standStill: () => never;
}

export class LoadingTable {
  static readonly BYTES = (SLOTS + 1) * 4;
  readonly #words: Int32Array;
  readonly #options: LoadingTableOptions;
  readonly #slots: number;
  /** The index of DOOM. */
  readonly #doom: number;

  constructor(options: LoadingTableOptions) {
    this.#words = new Int32Array(options.memory);
    this.#options = options;
    this.#slots = this.#doom = this.#words.length - 1;
  }

  /**
   * Calls `body`, which may load koffi. If this thread is about to be terminated, never returns and does not call it.
   */
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

  /**
   * Prepares a thread for being terminated: waits until it is not loading koffi, and keeps it from starting to. Gives
   * up after LOADING_MS.
   * @param key the thread's id, plus 1
   */
  doom(key: number): void {
    const at = key % this.#slots;
    const deadline = this.#options.now() + LOADING_MS;
    for (let found = FREE; ;) {
      const seen = cas(this.#words, at, found, -key);
      if (seen === found || seen === -key) return;
      // The thread hangs while it loads: terminating it is a risk, not terminating it is worse.
      if (seen > FREE && this.#options.now() > deadline) return;
      if (seen > FREE) wait(this.#words, at, seen, LOOK_EVERY_MS);
      found = seen > FREE ? FREE : seen;
    }
  }

  /** Prepares all threads but this one for being terminated. */
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

  /** Frees the slot, unless a thread that has waited too long has taken it over: then it is not ours to free. */
  #release(): void {
    const { self } = this.#options;
    const at = self % this.#slots;
    cas(this.#words, at, self, FREE);
    notify(this.#words, at, ALL);
  }
}
