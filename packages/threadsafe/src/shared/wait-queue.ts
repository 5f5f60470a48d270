import { thisProducer } from '../memory/inbox-memory.js';
import type { WaitQueueMemory } from './wait-queue-memory.js';

/** The result of an attempt that found nothing to take. */
export const NOTHING: unique symbol = Symbol('nothing');

/** One sleep of a coroutine: see park-in-loop.ts. The model tests use another implementation. */
export interface Sleep {
  /** The value that the coroutine yields. */
  readonly token: unknown;
  /** Resumes the coroutine. False: it never will continue, because its loop is closed. */
  wake(): boolean;
  /** Called when the coroutine continues, woken or cancelled. */
  end(): void;
}

/** Options of a WaitQueue. */
export interface WaitQueueOptions {
  /** Whether the first waiter would find something to take. */
  readonly isUseful: () => boolean;
  /** Whether only the longest waiter may take: see `WaitQueueMemory`. */
  readonly inTurn: boolean;
  readonly sleep: () => Sleep;
}

interface Place {
  readonly ticket: number;
  sleep: Sleep | null;
  previous: Place | null;
  next: Place | null;
}

/**
 * This thread's view of a wait queue: its waiting coroutines, in the order in which they came. They share one slot,
 * which shows the ticket of the first of them; only the first looks. There is at most one `waitAsync`, kept from one
 * sleep to the next. It cannot be cancelled, so the last coroutine that leaves notifies it.
 */
export class WaitQueue {
  readonly memory: WaitQueueMemory;
  readonly #options: WaitQueueOptions;
  #slot = -1;
  #first: Place | null = null;
  #last: Place | null = null;
  /** The `waitAsync` that has not been notified yet. */
  #armed: object | null = null;
  #size = 0;

  constructor(memory: WaitQueueMemory, options: WaitQueueOptions) {
    this.memory = memory;
    this.#options = options;
  }

  /** The number of waiting coroutines of this thread. */
  get size(): number {
    return this.#size;
  }

  /** Waits until `attempt` returns something else than NOTHING, and returns that. Later callers wait behind it. */
  *wait<T>(attempt: () => T | typeof NOTHING): Generator<unknown, T, unknown> {
    const place = this.#enter();
    try {
      while (true) {
        const found = this.#look(place, attempt);
        if (found !== NOTHING) return found;
        const sleep = this.#options.sleep();
        place.sleep = sleep;
        try {
          yield sleep.token;
        } finally {
          place.sleep = null;
          sleep.end();
        }
      }
    } finally {
      this.#leave(place);
    }
  }

  /** Wakes the longest waiter, after something became available. */
  wakeFirst(): void {
    const { memory } = this;
    const slot = memory.first();
    if (slot === -1) return;
    if (slot === this.#slot) this.#wakeOwnFirst();
    else memory.wake(slot);
  }

  #enter(): Place {
    const { memory } = this;
    if (this.#first === null) this.#slot = memory.claimSlot(thisProducer);
    const place: Place = { ticket: memory.draw(), sleep: null, previous: this.#last, next: null };
    this.#size++;
    if (this.#last === null) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
    if (this.#first === place) memory.publish(this.#slot, place.ticket);
    return place;
  }

  /** Takes something, or ensures that this thread is woken when it should look again. */
  #look<T>(place: Place, attempt: () => T | typeof NOTHING): T | typeof NOTHING {
    const { memory } = this;
    while (place === this.#first) {
      const value = memory.loadWakeWord(this.#slot);
      if (!this.#options.inTurn || memory.first() === this.#slot) {
        const found = attempt();
        if (found !== NOTHING) return found;
      }
      if (this.#arm(value)) return NOTHING;
    }
    return NOTHING;
  }

  #arm(value: number): boolean {
    if (this.#armed !== null) return true;
    const wait = this.memory.waitForWakeUp(this.#slot, value);
    if (!wait.async) return false; // woken meanwhile
    const armed = {};
    this.#armed = armed;
    void wait.value.then(() => {
      if (this.#armed !== armed) return; // belongs to an earlier slot
      this.#armed = null;
      this.#wakeOwnFirst();
    });
    return true;
  }

  #wakeOwnFirst(): void {
    // A waiter in a closed loop would wait for ever and block all others: remove it.
    while (this.#first?.sleep?.wake() === false) this.#leave(this.#first);
  }

  #leave(place: Place): void {
    if (place.previous === null && this.#first !== place) return; // it was removed before
    const wasFirst = place === this.#first;
    this.#size--;
    if (place.previous === null) this.#first = place.next;
    else place.previous.next = place.next;
    if (place.next === null) this.#last = place.previous;
    else place.next.previous = place.previous;
    place.previous = place.next = null;
    if (!wasFirst) return;
    if (this.#first === null) this.#vacate();
    else this.memory.publish(this.#slot, this.#first.ticket);
    if (this.#options.isUseful()) this.wakeFirst();
    // The next coroutine of this thread is first from now on: it must look, and sleep on the wake-up word.
    if (this.#armed === null) this.#wakeOwnFirst();
  }

  #vacate(): void {
    const slot = this.#slot;
    const sleeps = this.#armed !== null;
    this.#armed = null;
    this.#slot = -1;
    this.memory.vacate(slot, sleeps);
  }
}
