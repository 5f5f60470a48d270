import { InternalError } from './errors.js';

/** Runs an entry of the ready queue. It is a symbol, because users hold handles but only the loop may run them. */
export const RUN: unique symbol = Symbol('run');

/** An entry of the ready queue: a handle, a task, or a batch of calls from another thread, for example. */
export interface Ready {
  [RUN](): void;
  /** The task that continues when this runs, or several, if it is not this object. For debug mode and `runScoped()`. */
  readonly onBehalfOf?: unknown;
  /** Whether this only settles a promise. Then it may run at any time, because promise reactions run later anyway. */
  readonly settlesPromise?: true;
}

/** How many slots there are at the start; arbitrary. The queue grows by doubling. */
const INITIAL_CAPACITY = 256;

/**
 * FIFO of ready entries in a ring whose size is a power of two. Positions count on and never wrap, so that "everything
 * queued up to here" is a number: one iteration runs up to the tail that it found, and stop() remembers a position,
 * too. (Masked indices never leave the array.)
 */
export class ReadyQueue {
  #slots: (Ready | undefined)[] = new Array<Ready | undefined>(INITIAL_CAPACITY).fill(undefined);
  #mask = INITIAL_CAPACITY - 1;
  /** Position of the next entry to run. */
  head = 0;
  /** Position that the next entry will get. */
  tail = 0;

  push(entry: Ready): void {
    if (this.tail - this.head > this.#mask) this.#grow();
    this.#slots[this.tail & this.#mask] = entry;
    this.tail++;
  }

  shift(): Ready {
    const slot = this.head & this.#mask;
    const entry = this.#slots[slot];
    if (entry === undefined) throw new InternalError(`Ready queue is empty at position ${this.head}`);
    this.#slots[slot] = undefined; // do not keep the callback alive
    this.head++;
    return entry;
  }

  /** Puts an entry back that was shifted but has not finished. */
  unshift(entry: Ready): void {
    if (this.tail - this.head > this.#mask) this.#grow();
    this.head--;
    this.#slots[this.head & this.#mask] = entry;
  }

  /** Moves the entries from `position` on to the front. Every other entry keeps its position. */
  moveToFront(position: number): void {
    const moved: Ready[] = [];
    while (this.tail > position) {
      const slot = --this.tail & this.#mask;
      const entry = this.#slots[slot];
      if (entry !== undefined) moved.push(entry); // always so between head and tail
      this.#slots[slot] = undefined;
    }
    for (const entry of moved) this.unshift(entry);
  }

  clear(): void {
    this.#slots = new Array<Ready | undefined>(INITIAL_CAPACITY).fill(undefined);
    this.#mask = INITIAL_CAPACITY - 1;
    this.head = this.tail;
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const slots = new Array<Ready | undefined>(capacity).fill(undefined);
    for (let at = this.head; at < this.tail; at++) slots[at & (capacity - 1)] = this.#slots[at & this.#mask];
    this.#slots = slots;
    this.#mask = capacity - 1;
  }
}
