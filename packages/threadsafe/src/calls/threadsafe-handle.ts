import { inspect } from 'node:util';
import { cas, load } from '#atomics';
import { type Ring } from '../memory/ring.js';
import { Cell } from '../memory/record.js';

const CANCELLED = -1;

/**
 * A call into another loop. The thread that made it can cancel it without waiting: the record's CELL word settles by
 * compare-and-swap which side was first. Python: what loop.call_soon_threadsafe() returns.
 */
export class ThreadsafeHandle {
  // Only two fields: a handle is made for every call, and writing memory is most of the cost of a call.
  readonly #ring: Ring;
  /** Where the record begins, in bytes as `Ring.writtenBytes` counts; CANCELLED when `cancel()` came in time. */
  #start: number;

  /** @param start where the record begins, in bytes as `Ring.writtenBytes` counts */
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

  /** Whether `cancel()` came before the call started. */
  cancelled(): boolean {
    return this.#start === CANCELLED;
  }

  /** For `util.inspect()` and `console.log()`. */
  [inspect.custom](): string {
    return `<ThreadsafeHandle${this.cancelled() ? ' cancelled' : ''}>`;
  }

  /** Whether the record was overwritten. Only this thread writes to the ring, so that cannot happen meanwhile. */
  #isOverwritten(): boolean {
    return this.#ring.writtenBytes > this.#start + this.#ring.capacityBytes;
  }
}
