import { inspect } from 'node:util';
import { cas, load } from '#atomics';
import { type Ring } from '../memory/ring.js';
import { Cell } from '../memory/record.js';

const CANCELLED = -1;

/**
 * A call made into another loop. It can be cancelled from the thread that made it, with neither side waiting: the record's
 * CELL word settles by compare-and-swap who was first. Python: what loop.call_soon_threadsafe() returns.
 */
export class ThreadsafeHandle {
  // Two fields and no more: one of these is made for every call, and memory that is written costs most of what a call costs.
  readonly #ring: Ring;
  /** Where the record begins, counted as `Ring.writtenBytes` is; CANCELLED when `cancel()` came in time. */
  #start: number;

  /** @param start where the record begins, as `Ring.writtenBytes` counts */
  constructor(ring: Ring, start: number) {
    this.#ring = ring;
    this.#start = start;
  }

  /** Cancels the call. True: it has not started and never will. False: it has started, or is done. */
  cancel(): boolean {
    if (this.#start === CANCELLED) return true;
    if (this.#isOverwritten()) return false;
    const { words } = this.#ring;
    const cell = this.#ring.wordAt(this.#start) + 1;
    const pending = load(words, cell) & ~Cell.STARTED & ~Cell.CANCELLED;
    if (cas(words, cell, pending, pending | Cell.CANCELLED) !== pending) return false;
    this.#start = CANCELLED;
    return true;
  }

  /** Whether `cancel()` came in time. */
  cancelled(): boolean {
    return this.#start === CANCELLED;
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<ThreadsafeHandle${this.cancelled() ? ' cancelled' : ''}>`;
  }

  /** Only this thread writes to the ring, so it cannot happen while we look. */
  #isOverwritten(): boolean {
    return this.#ring.writtenBytes > this.#start + this.#ring.capacityBytes;
  }
}
