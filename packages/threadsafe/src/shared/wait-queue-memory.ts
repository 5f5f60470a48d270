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
import { SlotTable } from '@ringloop/core/internal';
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
  readonly #table: SlotTable;

  /** @param at the index of the line's first word */
  constructor(words: Int32Array, at: number, slots = SLOTS) {
    this.#words = words;
    this.#at = at;
    this.#slots = slots;
    this.#table = new SlotTable(words, {
      at: at + HEADER_WORDS,
      slots,
      slotWords: SLOT_WORDS,
      usedAt: at + SLOTS_USED,
    });
  }

  /** Whether nobody waits. One load while nobody ever has. */
  isEmpty(): boolean {
    return this.first() === NOBODY;
  }

  /** The slot that has waited longest, or -1. */
  first(): number {
    const used = this.#table.used();
    let first = NOBODY;
    let longest = NONE;
    for (let slot = 0; slot < used; slot++) {
      const ticket = load(this.#words, this.#word(slot, TICKET));
      if (ticket === NONE || (first !== NOBODY && ((ticket - longest) | 0) > 0)) continue;
      first = slot;
      longest = ticket;
    }
    return first;
  }

  /** Takes a slot for a thread. @throws {TooManyProducersError} when there is none left */
  claimSlot(producer: number): number {
    const slot = this.#table.claim(producer);
    if (slot !== null) return slot;
    throw new TooManyProducersError(`Cannot wait: ${this.#slots} threads wait for the same object already`);
  }

  /** A ticket later than all that were drawn before. */
  draw(): number {
    return (add(this.#words, this.#at + DRAWN, 1) << 1) | 1; // odd, so never NONE
  }

  /** The slot's thread: since when it waits. */
  publish(slot: number, ticket: number): void {
    store(this.#words, this.#word(slot, TICKET), ticket);
  }

  /** The slot's thread, before it looks. */
  loadWakeWord(slot: number): number {
    return load(this.#words, this.#word(slot, WAKE_WORD));
  }

  /** The slot's thread: waits until the wake-up word says something else. */
  waitForWakeUp(slot: number, value: number): WaitAsyncResult {
    return waitAsync(this.#words, this.#word(slot, WAKE_WORD), value);
  }

  /** Lets a slot know that it should look. */
  wake(slot: number): void {
    add(this.#words, this.#word(slot, WAKE_WORD), 1);
    notify(this.#words, this.#word(slot, WAKE_WORD), Infinity);
  }

  /** Lets whoever has waited longest know that it should look. */
  wakeFirst(): void {
    const slot = this.first();
    if (slot !== NOBODY) this.wake(slot);
  }

  /** The slot's thread: nobody waits here any more. @param sleeps whether a waiter is registered that must not stay behind */
  vacate(slot: number, sleeps: boolean): void {
    this.publish(slot, NONE);
    if (sleeps) notify(this.#words, this.#word(slot, WAKE_WORD), Infinity);
    store(this.#words, this.#word(slot, OWNER), FREE);
  }

  /** Frees the slots of a thread that has ended. Any thread, any number of times, several at once. */
  expel(producer: number): void {
    const used = this.#table.used();
    for (let slot = 0; slot < used; slot++) {
      if (this.#table.ownerOf(slot) !== producer) continue;
      const ticket = load(this.#words, this.#word(slot, TICKET));
      // Freed and taken again in between, it is the ticket of somebody else.
      if (this.#table.ownerOf(slot) !== producer) continue;
      if (ticket !== NONE) cas(this.#words, this.#word(slot, TICKET), ticket, NONE);
      this.#table.release(slot, producer);
    }
  }

  #word(slot: number, field: number): number {
    return this.#table.wordOf(slot) + field;
  }
}
