import { inspect } from 'node:util';
import { cas, load } from '#atomics';
import { Cell, type Segment, sizeOf } from './segment.js';

/**
 * A call made into another loop. It can be cancelled from the thread that made it, with neither side waiting: the record's
 * CELL word settles by compare-and-swap who was first. Python: what loop.call_soon_threadsafe() returns.
 */
export class ThreadsafeHandle {
  readonly #segment: Segment;
  readonly #cell: number;
  /** Where the record begins, counted as `Segment.writtenBytes` is. */
  readonly #start: number;
  #cancelled = false;

  /** @param at the first word of the record, which is the last one written to `segment` so far */
  constructor(segment: Segment, at: number) {
    this.#segment = segment;
    this.#cell = at + 1;
    this.#start = this.#segment.writtenBytes - sizeOf(this.#segment.words, at);
  }

  /** Cancels the call. True: it has not started and never will. False: it has started, or is done. */
  cancel(): boolean {
    if (this.#cancelled) return true;
    if (this.#isOverwritten()) return false;
    const pending = load(this.#segment.words, this.#cell) & ~Cell.STARTED & ~Cell.CANCELLED;
    this.#cancelled = cas(this.#segment.words, this.#cell, pending, pending | Cell.CANCELLED) === pending;
    return this.#cancelled;
  }

  /** Whether `cancel()` came in time. */
  cancelled(): boolean {
    return this.#cancelled;
  }

  [inspect.custom](): string {
    return `<ThreadsafeHandle${this.#cancelled ? ' cancelled' : ''}>`;
  }

  /** Only this thread writes to the ring, so it cannot happen while we look. */
  #isOverwritten(): boolean {
    return this.#segment.writtenBytes > this.#start + this.#segment.capacityBytes;
  }
}
