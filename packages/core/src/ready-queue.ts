import { InternalError } from './errors.js';

/** Runs one entry of the ready queue. A symbol: users hold handles, and running them is the loop's business. */
export const RUN: unique symbol = Symbol('run');

/** What stands in the ready queue: a handle, or a batch of calls from another thread. */
export interface Ready {
  [RUN](): void;
  /** The task that goes on when this runs, where that is another object, or several. For debug mode. */
  readonly onBehalfOf?: unknown;
  /** Runs no code but that of promise reactions, later: it may run at any time. */
  readonly settlesPromise?: true;
}

/** Slots to begin with; arbitrary, grows by doubling. */
const INITIAL_CAPACITY = 256;

/**
 * FIFO of ready entries in a power-of-two ring. Positions only grow, so that "everything queued up to here" is a number:
 * one iteration runs to the tail it found, and stop() is a position too. (Masked indices never leave the array.)
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
    this.#slots[slot] = undefined; // the callback must not outlive its run
    this.head++;
    return entry;
  }

  /** Puts an entry back that was shifted but has not finished. */
  unshift(entry: Ready): void {
    if (this.tail - this.head > this.#mask) this.#grow();
    this.head--;
    this.#slots[this.head & this.#mask] = entry;
  }

  /** Moves what stands at `position` and behind it before all else. Every other entry keeps its position. */
  moveToFront(position: number): void {
    const moved: Ready[] = [];
    while (this.tail > position) {
      const slot = --this.tail & this.#mask;
      const entry = this.#slots[slot];
      if (entry !== undefined) moved.push(entry); // it stands between head and tail, and so it is
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
