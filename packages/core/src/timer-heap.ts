/* eslint-disable @typescript-eslint/no-non-null-assertion -- heap indices are checked against the length */
import { type Callback, TimerHandle } from './handle.js';
import type { BaseEventLoop } from './event-loop.js';

/** Cancelled timers are swept when there are more than this many in all … (CPython: _MIN_SCHEDULED_TIMER_HANDLES) */
const SWEEP_ABOVE = 100;
/** … and more than this share of them is cancelled. (CPython: _MIN_CANCELLED_TIMER_HANDLES_FRACTION) */
const SWEEP_FRACTION = 0.5;

interface Entry {
  readonly when: number;
  /** Equal times run in the order they were scheduled. */
  readonly order: number;
  readonly handle: TimerHandle;
  inHeap: boolean;
}

/** Binary heap by (when, order). Cancelling is O(1): the entry stays until it surfaces or enough of its kind are swept. */
export class TimerHeap {
  #entries: Entry[] = [];
  #scheduled = 0;
  #cancelled = 0;

  /** Entries, cancelled ones included. */
  get size(): number {
    return this.#entries.length;
  }

  schedule(when: number, callback: Callback, args: readonly unknown[], loop: BaseEventLoop): TimerHandle {
    const handle = new TimerHandle(when, callback, args, loop, () => {
      if (entry.inHeap) this.#cancelled++; // after it has left the heap, cancelling is nobody's business
    });
    const entry: Entry = { when, order: this.#scheduled++, handle, inHeap: true };
    this.#entries.push(entry);
    this.#siftUp(this.#entries.length - 1);
    return handle;
  }

  /** When the next live timer is due; `Infinity` when there is none. */
  nextDeadline(): number {
    this.#dropCancelled();
    return this.#entries[0]?.when ?? Infinity;
  }

  /** Removes and returns the next timer due at `now`, or null. */
  popDue(now: number): TimerHandle | null {
    this.#dropCancelled();
    const first = this.#entries[0];
    if (first === undefined || first.when > now) return null;
    this.#pop();
    return first.handle;
  }

  clear(): void {
    for (const entry of this.#entries) entry.inHeap = false;
    this.#entries = [];
    this.#cancelled = 0;
  }

  #dropCancelled(): void {
    if (this.#cancelled === 0) return;
    if (this.#entries.length > SWEEP_ABOVE && this.#cancelled > this.#entries.length * SWEEP_FRACTION)
      this.#sweep();
    while (this.#entries[0]?.handle.cancelled() === true) {
      this.#pop();
      this.#cancelled--;
    }
  }

  #sweep(): void {
    const live: Entry[] = [];
    for (const entry of this.#entries) {
      if (entry.handle.cancelled()) entry.inHeap = false;
      else live.push(entry);
    }
    // Sorted order is heap order.
    this.#entries = live.sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }

  #pop(): void {
    const first = this.#entries[0];
    const last = this.#entries.pop();
    if (first === undefined || last === undefined) return;
    first.inHeap = false;
    if (this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.#siftDown(last);
  }

  #siftUp(at: number): void {
    const entries = this.#entries;
    const entry = entries[at]!; // callers pass an index inside the array; parents of such an index are inside too
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, entries[parent]!)) break;
      entries[at] = entries[parent]!;
      at = parent;
    }
    entries[at] = entry;
  }

  #siftDown(entry: Entry): void {
    const entries = this.#entries;
    const length = entries.length;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      // child and child + 1 are compared to length before they are read
      if (child + 1 < length && isBefore(entries[child + 1]!, entries[child]!)) child++;
      if (!isBefore(entries[child]!, entry)) break;
      entries[at] = entries[child]!;
      at = child;
    }
    entries[at] = entry;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.when < b.when || (a.when === b.when && a.order < b.order);
}
