/* eslint-disable @typescript-eslint/no-non-null-assertion -- heap indices are checked against the size */

/** What the heap needs of a timer. */
export interface HeapEntry {
  /** When it is due, in seconds. */
  when(): number;
  cancelled(): boolean;
  /** Called when it has left the heap: the heap need not learn of a later cancel(). */
  leftHeap(): void;
}

/** Cancelled timers are swept when there are more than this many in all … (CPython: _MIN_SCHEDULED_TIMER_HANDLES) */
const SWEEP_ABOVE = 100;
/** … and more than this share of them is cancelled. (CPython: _MIN_CANCELLED_TIMER_HANDLES_FRACTION) */
const SWEEP_FRACTION = 0.5;

/** How many slots there are at the start; arbitrary. The heap grows by doubling. */
const INITIAL_CAPACITY = 64;

/**
 * Children of a node. A heap of four has half the levels of a binary heap, and the siblings that are compared are side
 * by side in memory.
 */
const ARITY = 4;

/**
 * A heap of timers, ordered by (when, order of scheduling). Cancelling is O(1): a cancelled timer stays until it
 * reaches the top, or until there are so many that they are swept. Times and orders are in arrays of numbers beside the
 * handles, so a comparison touches no object.
 */
export class TimerHeap<T extends HeapEntry> {
  #handles: (T | undefined)[] = new Array<T | undefined>(INITIAL_CAPACITY).fill(undefined);
  #whens = new Float64Array(INITIAL_CAPACITY);
  /** Equal times run in the order they were scheduled. */
  #orders = new Float64Array(INITIAL_CAPACITY);
  #size = 0;
  #scheduled = 0;
  #cancelled = 0;

  /** Number of timers in the heap, cancelled ones included. */
  get size(): number {
    return this.#size;
  }

  push(handle: T): void {
    if (this.#size === this.#handles.length) this.#resize(this.#size * 2);
    this.#siftUp(this.#size++, handle, handle.when(), this.#scheduled++);
  }

  /** When the next live timer is due; `Infinity` when there is none. */
  nextDeadline(): number {
    if (this.#cancelled > 0) this.#dropCancelled();
    return this.#size === 0 ? Infinity : this.#whens[0]!;
  }

  /** Removes and returns the next timer due at `now`, or null. */
  popDue(now: number): T | null {
    if (this.#cancelled > 0) this.#dropCancelled();
    return this.#size === 0 || this.#whens[0]! > now ? null : this.#pop();
  }

  /** The timers that were not cancelled, in the order in which they fall due. */
  live(): T[] {
    const places = Array.from({ length: this.#size }, (_, at) => at);
    const before = (a: number, b: number): boolean => this.#isBefore(this.#whens[a]!, this.#orders[a]!, b);
    return places
      .filter((at) => !this.#handles[at]!.cancelled())
      .sort((a, b) => Number(before(b, a)) - Number(before(a, b)))
      .map((at) => this.#handles[at]!);
  }

  /** Notes that a timer in the heap was cancelled. */
  noteCancelled(): void {
    this.#cancelled++;
  }

  clear(): void {
    for (let at = 0; at < this.#size; at++) this.#handles[at]!.leftHeap();
    this.#size = 0;
    this.#cancelled = 0;
    this.#resize(INITIAL_CAPACITY);
  }

  #dropCancelled(): void {
    if (this.#size > SWEEP_ABOVE && this.#cancelled > this.#size * SWEEP_FRACTION) this.#sweep();
    while (this.#size > 0 && this.#handles[0]!.cancelled()) {
      this.#pop();
      this.#cancelled--;
    }
  }

  #sweep(): void {
    let live = 0;
    for (let at = 0; at < this.#size; at++) {
      const handle = this.#handles[at]!;
      if (handle.cancelled()) handle.leftHeap();
      else this.#set(live++, handle, this.#whens[at]!, this.#orders[at]!);
    }
    this.#handles.fill(undefined, live, this.#size);
    this.#size = live;
    this.#cancelled = 0;
    // Bottom up, parents after their children: linear time.
    for (let at = Math.floor((live - 2) / ARITY); at >= 0; at--) {
      this.#siftDown(at, this.#handles[at]!, this.#whens[at]!, this.#orders[at]!);
    }
    if (live < this.#handles.length / 4) this.#resize(Math.max(INITIAL_CAPACITY, live * 2));
  }

  #pop(): T {
    const first = this.#handles[0]!;
    const last = --this.#size;
    const handle = this.#handles[last]!;
    this.#handles[last] = undefined;
    if (last > 0) this.#siftDown(0, handle, this.#whens[last]!, this.#orders[last]!);
    first.leftHeap();
    return first;
  }

  /** Puts the timer at `at` or above, where its parent is not later. */
  #siftUp(at: number, handle: T, when: number, order: number): void {
    while (at > 0) {
      const parent = Math.floor((at - 1) / ARITY);
      if (!this.#isBefore(when, order, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#set(at, handle, when, order);
  }

  /** Puts the timer at `at` or below, where none of its children is earlier. */
  #siftDown(at: number, handle: T, when: number, order: number): void {
    for (let child = at * ARITY + 1; child < this.#size; child = at * ARITY + 1) {
      const end = Math.min(child + ARITY, this.#size);
      let least = child;
      for (let other = child + 1; other < end; other++) {
        if (this.#isBefore(this.#whens[other]!, this.#orders[other]!, least)) least = other;
      }
      if (this.#isBefore(when, order, least)) break;
      this.#move(least, at);
      at = least;
    }
    this.#set(at, handle, when, order);
  }

  #isBefore(when: number, order: number, at: number): boolean {
    const other = this.#whens[at]!;
    return when < other || (when === other && order < this.#orders[at]!);
  }

  #move(from: number, to: number): void {
    this.#set(to, this.#handles[from]!, this.#whens[from]!, this.#orders[from]!);
  }

  #set(at: number, handle: T, when: number, order: number): void {
    this.#handles[at] = handle;
    this.#whens[at] = when;
    this.#orders[at] = order;
  }

  #resize(capacity: number): void {
    const whens = new Float64Array(capacity);
    const orders = new Float64Array(capacity);
    whens.set(this.#whens.subarray(0, this.#size));
    orders.set(this.#orders.subarray(0, this.#size));
    this.#whens = whens;
    this.#orders = orders;
    const handles = new Array<T | undefined>(capacity).fill(undefined);
    for (let at = 0; at < this.#size; at++) handles[at] = this.#handles[at];
    this.#handles = handles;
  }
}
