/**
 * A line of those who wait, across threads: the words of a SharedArrayBuffer that say who waits, in which thread, since when.
 * Any thread may wait in it, and any may wake it. What is waited for is not here: a lock, permits, items.
 *
 *   word            written by             read by       meaning
 *   DRAWN           who begins to wait     same          tickets drawn
 *   SLOTS_USED      who claims a slot      all           slots from here on have never been claimed; only grows
 *   OWNER[slot]     its thread, repairers  all           FREE, or the thread (id + 1)
 *   TICKET[slot]    its thread, repairers  all           since when its longest waiter waits; NONE: nobody does
 *   WAKE_WORD[slot] whoever wakes it       its thread    how often it was woken, modulo 2^32; waitAsync() waits here
 *
 * 1. A waiter publishes its ticket first and looks then; who makes something available does so first and reads the tickets
 *    then. So either the waiter sees what there is, or its ticket is seen and it is woken. (To look and then publish is the
 *    known-bad order.)
 * 2. A waiter reads its wake-up word before it looks, and sleeps only while the wake-up word still says that.
 * 3. Nothing is handed over. Who is woken takes for itself, in its own thread, or leaves and wakes the next: so nothing can be
 *    lost with a thread that ends, or with a waiter that is cancelled.
 * 4. Whoever was first and leaves wakes the next if there is still something, whether it took or not.
 * 5. OWNER goes from a thread to FREE only after TICKET is NONE. A thread's number never comes back: so who reads the same
 *    OWNER before and after TICKET knows whose ticket it was.
 * 6. A thread that ended leaves a slot, a ticket, or a wake-up word half woken. Whoever learns of it expels it, and wakes the first.
 *
 * Order: by ticket, over all threads. A ticket drawn but not yet published can be passed by, which is the time of two
 * instructions. Tickets are odd and wrap at 2^32: compare by difference.
 * Source: ticket order after Lamport's bakery (1974); looking again after publishing after Dekker.
 */
import { add, cas, load, notify, store, waitAsync, type WaitAsyncResult } from '#atomics';
import { TooManyProducersError } from '../errors.js';

/**
 * How many threads can wait at a time: a thread has one view of an object (shared-object.ts), and a view one slot while
 * any of its coroutines wait. Arbitrary. */
export const SLOTS = 128;

const DRAWN = 0;
const SLOTS_USED = 1;
const HEADER_WORDS = 4;
const OWNER = 0;
const TICKET = 1;
const WAKE_WORD = 2;
const SLOT_WORDS = 4;

const FREE = 0;
const NONE = 0;
const NOBODY = -1;

/** How many words a line takes. */
export const WAIT_QUEUE_WORDS = HEADER_WORDS + SLOTS * SLOT_WORDS;

/** The words of a line, and what may be done to them. */
export class WaitQueueMemory {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #slots: number;

  /** @param at the index of the line's first word */
  constructor(words: Int32Array, at: number, seats = SLOTS) {
    this.#words = words;
    this.#at = at;
    this.#slots = seats;
  }

  /** Whether nobody waits. One load while nobody ever has. */
  isEmpty(): boolean {
    return this.first() === NOBODY;
  }

  /** The slot that has waited longest, or -1. */
  first(): number {
    const used = load(this.#words, this.#at + SLOTS_USED);
    let first = NOBODY;
    let longest = NONE;
    for (let seat = 0; seat < used; seat++) {
      const ticket = load(this.#words, this.#word(seat, TICKET));
      if (ticket === NONE || (first !== NOBODY && ((ticket - longest) | 0) > 0)) continue;
      first = seat;
      longest = ticket;
    }
    return first;
  }

  /** Takes a slot for a thread. @throws {TooManyProducersError} when there is none left */
  claimSlot(producer: number): number {
    for (let seat = 0; seat < this.#slots; seat++) {
      if (load(this.#words, this.#word(seat, OWNER)) !== FREE) continue;
      this.#countUsed(seat + 1); // first: killed in between, it would have claimed a slot that nobody looks at
      if (cas(this.#words, this.#word(seat, OWNER), FREE, producer) === FREE) return seat;
    }
    throw new TooManyProducersError(`Cannot wait: ${this.#slots} threads wait for the same object already`);
  }

  /** A ticket later than all that were drawn before. */
  draw(): number {
    return (add(this.#words, this.#at + DRAWN, 1) << 1) | 1; // odd, so never NONE
  }

  /** The slot's thread: since when it waits. */
  publish(seat: number, ticket: number): void {
    store(this.#words, this.#word(seat, TICKET), ticket);
  }

  /** The slot's thread, before it looks. */
  loadWakeWord(seat: number): number {
    return load(this.#words, this.#word(seat, WAKE_WORD));
  }

  /** The slot's thread: waits until the wake-up word says something else. */
  waitForWakeUp(seat: number, rung: number): WaitAsyncResult {
    return waitAsync(this.#words, this.#word(seat, WAKE_WORD), rung);
  }

  /** Lets a slot know that it should look. */
  wake(seat: number): void {
    add(this.#words, this.#word(seat, WAKE_WORD), 1);
    notify(this.#words, this.#word(seat, WAKE_WORD), Infinity);
  }

  /** Lets whoever has waited longest know that it should look. */
  wakeFirst(): void {
    const seat = this.first();
    if (seat !== NOBODY) this.wake(seat);
  }

  /** The slot's thread: nobody waits here any more. @param sleeps whether a waiter is registered that must not stay behind */
  vacate(seat: number, sleeps: boolean): void {
    this.publish(seat, NONE);
    if (sleeps) notify(this.#words, this.#word(seat, WAKE_WORD), Infinity);
    store(this.#words, this.#word(seat, OWNER), FREE);
  }

  /** Frees the slots of a thread that has ended. Any thread, any number of times, several at once. */
  expel(producer: number): void {
    const used = load(this.#words, this.#at + SLOTS_USED);
    for (let seat = 0; seat < used; seat++) {
      const owner = this.#word(seat, OWNER);
      if (load(this.#words, owner) !== producer) continue;
      const ticket = load(this.#words, this.#word(seat, TICKET));
      // Freed and taken again in between, it is the ticket of somebody else.
      if (load(this.#words, owner) !== producer) continue;
      if (ticket !== NONE) cas(this.#words, this.#word(seat, TICKET), ticket, NONE);
      cas(this.#words, owner, producer, FREE);
    }
  }

  #word(seat: number, field: number): number {
    return this.#at + HEADER_WORDS + seat * SLOT_WORDS + field;
  }

  #countUsed(atLeast: number): void {
    const word = this.#at + SLOTS_USED;
    while (true) {
      const used = load(this.#words, word);
      if (used >= atLeast || cas(this.#words, word, used, atLeast) === used) return;
    }
  }
}
