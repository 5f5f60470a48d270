/**
 * The eventfds by which threads of this process wake each other: one for each thread that wants to be woken so, and lent on when it
 * ends. None is ever closed: a thread may be about to write to the number that it has read, and a number that was closed is given to
 * the next file that anybody opens. Written to late, an eventfd wakes whoever has it now, who looks and sleeps on.
 *
 *   of a slot  written by                meaning
 *   TASK       the thread that takes it  the kernel's id of the thread that has it; 0: nobody
 *   EVENTFD    the thread that has it    its number plus 1; 0: none was made yet
 *
 * 1. A slot is taken by cas, from 0 or from a thread that is no more: so one thread has it at a time.
 * 2. A thread that ends, however it ends, leaves its slot behind. Whoever takes one next sees in /proc/self/task that it has ended.
 *    The kernel may have given its id to another thread, even to this one: then the slot waits until that has ended as well.
 * 3. Only who has a slot makes its eventfd. Killed between making it and writing it down, it leaves one descriptor unused.
 *
 * The table is made by the main thread, which outlives all others, and inherited by the workers that are started afterwards.
 */
import { cas, load, store } from '#atomics';

const SLOT_WORDS = 2;
const TASK = 0;
const EVENTFD = 1;
const NOBODY = 0;

/** Threads that have an eventfd at a time; those beyond are woken by Atomics.notify(). Arbitrary, far above the number of cores. */
const SLOTS = 256;

export interface TableOptions {
  /** Of `bytes()`, or less. */
  readonly memory: SharedArrayBuffer;
  /** The kernel's id of this thread. */
  readonly task: number;
  /** Whether a thread of that id is part of the process. */
  readonly isAlive: (task: number) => boolean;
  /** Makes an eventfd. Negative: it could not. */
  readonly makeEventfd: () => number;
}

export class EventfdTable {
  static readonly BYTES = SLOTS * SLOT_WORDS * 4;
  readonly #words: Int32Array;
  readonly #options: TableOptions;

  constructor(options: TableOptions) {
    this.#words = new Int32Array(options.memory);
    this.#options = options;
  }

  /** The eventfd that is this thread's until `giveBack()`. Null: there is none to be had. */
  take(): number | null {
    for (let slot = 0; slot < this.#words.length; slot += SLOT_WORDS) {
      if (!this.#tryTake(slot)) continue;
      const eventfd = this.#eventfdOf(slot);
      if (eventfd === null) this.#release(slot);
      return eventfd;
    }
    return null;
  }

  giveBack(eventfd: number): void {
    for (let slot = 0; slot < this.#words.length; slot += SLOT_WORDS) {
      if (load(this.#words, slot + EVENTFD) === eventfd + 1) this.#release(slot);
    }
  }

  #tryTake(slot: number): boolean {
    const { task, isAlive } = this.#options;
    const holder = load(this.#words, slot + TASK);
    if (holder !== NOBODY && isAlive(holder)) return false;
    return cas(this.#words, slot + TASK, holder, task) === holder;
  }

  #eventfdOf(slot: number): number | null {
    const known = load(this.#words, slot + EVENTFD);
    if (known !== 0) return known - 1;
    const made = this.#options.makeEventfd();
    if (made < 0) return null;
    store(this.#words, slot + EVENTFD, made + 1);
    return made;
  }

  #release(slot: number): void {
    cas(this.#words, slot + TASK, this.#options.task, NOBODY);
  }
}
