import type { BaseEventLoop } from '../event-loop.js';
import { Future, type FutureState } from '../future.js';

/** One who waits in a WaiterQueue, which sets these fields. It is woken with `true`, or cancelled. */
export class Waiter extends Future<true> {
  readonly #queue: WaiterQueue;
  previous: Waiter | null = null;
  next: Waiter | null = null;
  queued = false;

  constructor(loop: BaseEventLoop, queue: WaiterQueue) {
    super(loop);
    this.#queue = queue;
  }

  protected override settle(state: Exclude<FutureState, 'pending'>, outcome: unknown): void {
    if (state === 'cancelled') this.#queue.cancelled++;
    super.settle(state, outcome);
  }
}

/**
 * Those who wait for the same thing, in the order in which they came. Whoever was woken or cancelled stays until its coroutine
 * goes on, one iteration later, and leaves: others must not pass by it in between.
 *
 * A linked list, in which all that stand before `#mayWait` are done: every operation takes constant time, on average.
 */
export class WaiterQueue {
  #first: Waiter | null = null;
  #last: Waiter | null = null;
  #mayWait: Waiter | null = null;
  /** How many are in it. */
  size = 0;
  /** How many of them were cancelled. */
  cancelled = 0;

  /** Whether there is one that was not cancelled, woken or not. */
  get inUse(): boolean {
    return this.size > this.cancelled;
  }

  add(loop: BaseEventLoop): Waiter {
    const waiter = new Waiter(loop, this);
    waiter.queued = true;
    waiter.previous = this.#last;
    if (this.#last === null) this.#first = waiter;
    else this.#last.next = waiter;
    this.#last = waiter;
    this.#mayWait ??= waiter;
    this.size++;
    return waiter;
  }

  /** Takes a waiter that is done out; does nothing when it has left already. */
  remove(waiter: Waiter): void {
    if (!waiter.queued) return;
    waiter.queued = false;
    if (waiter.previous === null) this.#first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === null) this.#last = waiter.previous;
    else waiter.next.previous = waiter.previous;
    if (this.#mayWait === waiter) this.#mayWait = waiter.next;
    this.size--;
    if (waiter.cancelled()) this.cancelled--;
  }

  /** Wakes the first that still waits, and returns it. */
  wakeNext(): Waiter | null {
    while (this.#mayWait?.done() === true) this.#mayWait = this.#mayWait.next;
    const waiter = this.#mayWait;
    waiter?.setResult(true);
    return waiter;
  }

  /** Wakes the one at the head, unless it is done: then it will pass that on when it leaves. */
  wakeFirst(): void {
    if (this.#first?.done() === false) this.#first.setResult(true);
  }
}
