/**
 * The eventfds by which threads of this process wake each other: one for each thread that wants to be woken this way.
 * When that thread ends, another one reuses it. No eventfd is ever closed: a thread may be about to write to the number
 * that it has read, and the next file that anybody opens would get the number. A write that comes too late wakes the
 * thread that has the eventfd by then, which looks and sleeps on.
 *
 *   of a slot  written by                meaning
 *   TASK       the thread that takes it  the kernel's id of the thread that has it; 0: nobody
 *   EVENTFD    the thread that has it    its number plus 1; 0: none was made yet
 *
 * 1. A slot is taken by cas, from 0 or from a thread that has ended: so one thread has it at a time.
 * 2. A thread that ends, however it ends, leaves its slot behind. A later thread that looks for a slot sees in
 *    /proc/self/task that it has ended. The kernel may have given its id to another thread, even to the one that looks:
 *    then the slot waits until that thread has ended as well.
 * 3. Only the thread that has a slot makes its eventfd. If it is killed between making it and writing it down, one
 *    descriptor stays unused.
 *
 * The table is made by the main thread, which outlives all others, and inherited by the workers that are started
 * afterwards.
 */
import { SlotTable } from '@ringloop/core/internal';
import { load, store } from '#atomics';

const SLOT_WORDS = 2;
const TASK = 0;
const EVENTFD = 1;
const NOBODY = 0;

/**
 * The most threads that have an eventfd at a time. Others are woken by Atomics.notify(). Arbitrary, far above the
 * number of cores.
 */
const SLOTS = 256;

export interface TableOptions {
  /** Memory of `EventfdTable.BYTES` bytes, or fewer. */
  readonly memory: SharedArrayBuffer;
  /** The kernel's id of this thread. */
  readonly task: number;
  /** Whether the process has a thread of that id. */
  readonly isAlive: (task: number) => boolean;
  /** Makes an eventfd. Negative: it failed. */
  readonly makeEventfd: () => number;
}

export class EventfdTable {
  static readonly BYTES = SLOTS * SLOT_WORDS * 4;
  readonly #words: Int32Array;
  readonly #slots: SlotTable;
  readonly #options: TableOptions;

  constructor(options: TableOptions) {
    this.#words = new Int32Array(options.memory);
    const slots = this.#words.length / SLOT_WORDS;
    this.#slots = new SlotTable(this.#words, { at: TASK, slots, slotWords: SLOT_WORDS });
    this.#options = options;
  }

  /** Returns the eventfd that belongs to this thread until `giveBack()`. Null: none is available. */
  take(): number | null {
    const { task, isAlive } = this.#options;
    const slot = this.#slots.claim(task, (holder) => holder === NOBODY || !isAlive(holder));
    if (slot === null) return null;
    const eventfd = this.#eventfdOf(slot);
    if (eventfd === null) this.#release(slot);
    return eventfd;
  }

  giveBack(eventfd: number): void {
    for (let slot = 0; slot < this.#slots.used(); slot++) {
      if (load(this.#words, this.#eventfdWord(slot)) === eventfd + 1) this.#release(slot);
    }
  }

  #eventfdOf(slot: number): number | null {
    const known = load(this.#words, this.#eventfdWord(slot));
    if (known !== 0) return known - 1;
    const made = this.#options.makeEventfd();
    if (made < 0) return null;
    store(this.#words, this.#eventfdWord(slot), made + 1);
    return made;
  }

  #release(slot: number): void {
    this.#slots.release(slot, this.#options.task);
  }

  #eventfdWord(slot: number): number {
    return this.#slots.wordOf(slot) + EVENTFD;
  }
}
