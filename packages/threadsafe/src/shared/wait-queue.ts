import { thisProducer } from '../memory/inbox-memory.js';
import type { WaitQueueMemory } from './wait-queue-memory.js';

/** What an attempt returns when there was nothing to take. */
export const NOTHING: unique symbol = Symbol('nothing');

/** What a coroutine sleeps on: see park-in-loop.ts. The model tests have another. */
export interface Sleep {
  /** What the coroutine yields. */
  readonly token: unknown;
  /** Lets it go on. False: it never will, its loop is closed. */
  wake(): boolean;
  /** It goes on, woken or cancelled. */
  end(): void;
}

/** What a line needs to know. */
export interface WaitQueueOptions {
  /** Whether who is first would find something to take. */
  readonly isUseful: () => boolean;
  /** Whether only who has waited longest may take: see `LineMemory`. */
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
 * This thread's end of a waiting line: its coroutines that wait, in the order in which they came. They share one slot, which shows
 * the ticket of the first of them; only that one looks. There is at most one `waitAsync`, kept from one sleep to the next: it
 * cannot be cancelled, so who leaves last notifies it.
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

  /** How many coroutines of this thread wait in it. */
  get size(): number {
    return this.#size;
  }

  /** Waits until `attempt` gives something, and returns that. Whoever comes later waits behind it. */
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

  /** After something became available: whoever has waited longest looks. */
  wakeFirst(): void {
    const { memory } = this;
    const seat = memory.first();
    if (seat === -1) return;
    if (seat === this.#slot) this.#wakeOwnFirst();
    else memory.wake(seat);
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

  /** Takes, or sees to it that this thread is woken when it should look again. */
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
    if (!wait.async) return false; // woken since
    const armed = {};
    this.#armed = armed;
    void wait.value.then(() => {
      if (this.#armed !== armed) return; // of an earlier stay
      this.#armed = null;
      this.#wakeOwnFirst();
    });
    return true;
  }

  #wakeOwnFirst(): void {
    // Who waits in a loop that was closed waits for ever, and would stand in the way of all others.
    while (this.#first?.sleep?.wake() === false) this.#leave(this.#first);
  }

  #leave(place: Place): void {
    if (place.previous === null && this.#first !== place) return; // it was thrown out before
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
    // The next one here is first from now on: it has to look, and to sleep on the wake-up word.
    if (this.#armed === null) this.#wakeOwnFirst();
  }

  #vacate(): void {
    const seat = this.#slot;
    const sleeps = this.#armed !== null;
    this.#armed = null;
    this.#slot = -1;
    this.memory.vacate(seat, sleeps);
  }
}
