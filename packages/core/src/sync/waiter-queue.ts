import type { BaseEventLoop } from '../event-loop.js';
import { Future, type FutureState } from '../future.js';

/** A waiter in a WaiterQueue, which sets these fields. It is woken with `true`, or cancelled. */
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
 * Waiters for the same thing, in the order of arrival. A waiter that was woken or cancelled stays in the queue until
 * its coroutine continues, one iteration later, and removes it: later waiters must not overtake it in between.
 *
 * A linked list. All waiters before `#mayWait` are done. So every operation takes constant time on average.
 */
export class WaiterQueue {
  #first: Waiter | null = null;
  #last: Waiter | null = null;
  #mayWait: Waiter | null = null;
  /** How many waiters are in the queue, woken and cancelled ones included. */
  size = 0;
  /** How many of them are cancelled. */
  cancelled = 0;

  /** Whether the queue has a waiter that was not cancelled, woken or not. */
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

  /** Removes a waiter. Does nothing if it was removed before. */
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

  /** Wakes the first waiter that still waits, and returns it. */
  wakeNext(): Waiter | null {
    while (this.#mayWait?.done() === true) this.#mayWait = this.#mayWait.next;
    const waiter = this.#mayWait;
    waiter?.setResult(true);
    return waiter;
  }

  /**
   * Wakes the waiter at the head, unless it is done: then it takes the turn, or passes it on when it leaves the queue.
   */
  wakeFirst(): void {
    if (this.#first?.done() === false) this.#first.setResult(true);
  }
}
