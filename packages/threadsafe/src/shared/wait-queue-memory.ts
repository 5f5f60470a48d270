/**
 * A queue of waiters across threads: the words of a SharedArrayBuffer that say who waits, in which thread, and since
 * when. Any thread may wait in it, and any may wake it. What is waited for is not here: a lock, permits, items.
 *
 *   word             written by             read by      meaning
 *   DRAWN            waiters (add)          waiters      tickets drawn
 *   SLOTS_USED       claimers of a slot     all          slots from here on have never been claimed; only grows
 *   OWNER[slot]      its thread, repairers  all          FREE, or the thread (id + 1)
 *   TICKET[slot]     its thread, repairers  all          since when its longest waiter waits; NONE: nobody does
 *   WAKE_WORD[slot]  threads that wake it   its thread   how often it was woken, modulo 2^32; waitAsync() waits here
 *
 * 1. A waiter publishes its ticket first and looks then; a thread that makes something available does so first and
 *    reads the tickets then. So either the waiter sees what there is, or its ticket is seen and it is woken. (To look
 *    and then publish is the known-bad order.)
 * 2. A waiter reads its wake-up word before it looks, and sleeps only while the wake-up word still has that value.
 * 3. Nothing is handed over. A waiter that is woken takes for itself, in its own thread, or leaves and wakes the next:
 *    so nothing can be lost with a thread that ends, or with a waiter that is cancelled.
 * 4. A waiter that was first and leaves wakes the next if there is still something, whether it took something or not.
 * 5. OWNER goes from a thread to FREE only after TICKET is NONE. A thread's number never comes back: so a thread that
 *    reads the same OWNER before and after TICKET knows whose ticket it was.
 * 6. A thread that ended leaves a slot, a ticket, or a wake-up word half woken. A thread that learns of the end expels
 *    it, and wakes the first waiter.
 *
 * Order: by ticket, over all threads. A ticket that is drawn but not yet published can be passed by, which is the time
 * of two instructions. Tickets are odd and wrap at 2^32: compare by difference.
 * Source: ticket order after Lamport's bakery (1974); looking again after publishing after Dekker.
 */
import { add, cas, load, notify, store, waitAsync, type WaitAsyncResult } from '#atomics';
import { SlotTable } from '@ringloop/core/internal';
import { TooManyProducersError } from '../errors.js';

/**
 * How many threads can wait at a time. A thread has one view of an object (shared-object.ts), and a view has one slot
 * while any of its coroutines wait. Arbitrary.
 */
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

/** How many words a wait queue takes. */
export const WAIT_QUEUE_WORDS = HEADER_WORDS + SLOTS * SLOT_WORDS;

/** The words of a wait queue, and the operations on them. */
export class WaitQueueMemory {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #slots: number;
  readonly #table: SlotTable;

  /** @param at the index of the wait queue's first word */
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

  /** Whether nobody waits. It is a single load if no thread has ever waited. */
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

  /** Claims a slot for a thread. @throws {TooManyProducersError} when there is none left */
  claimSlot(producer: number): number {
    const slot = this.#table.claim(producer);
    if (slot !== null) return slot;
    throw new TooManyProducersError(`Cannot wait: ${this.#slots} threads wait for the same object already`);
  }

  /** Draws a ticket, which is later than all tickets that were drawn before. */
  draw(): number {
    return (add(this.#words, this.#at + DRAWN, 1) << 1) | 1; // odd, so never NONE
  }

  /** Called by the slot's thread: publishes since when it waits. */
  publish(slot: number, ticket: number): void {
    store(this.#words, this.#word(slot, TICKET), ticket);
  }

  /** Called by the slot's thread before it looks. */
  loadWakeWord(slot: number): number {
    return load(this.#words, this.#word(slot, WAKE_WORD));
  }

  /** Called by the slot's thread: waits until the wake-up word is not `value` any more. */
  waitForWakeUp(slot: number, value: number): WaitAsyncResult {
    return waitAsync(this.#words, this.#word(slot, WAKE_WORD), value);
  }

  /** Wakes the thread of a slot, which should look. */
  wake(slot: number): void {
    add(this.#words, this.#word(slot, WAKE_WORD), 1);
    notify(this.#words, this.#word(slot, WAKE_WORD), Infinity);
  }

  /** Wakes the thread that has waited longest, which should look. */
  wakeFirst(): void {
    const slot = this.first();
    if (slot !== NOBODY) this.wake(slot);
  }

  /**
   * Called by the slot's thread: frees the slot, because none of its coroutines waits any more. @param sleeps whether a
   * waiter is registered, which must not stay behind
   */
  vacate(slot: number, sleeps: boolean): void {
    this.publish(slot, NONE);
    if (sleeps) notify(this.#words, this.#word(slot, WAKE_WORD), Infinity);
    store(this.#words, this.#word(slot, OWNER), FREE);
  }

  /**
   * Frees the slots of a thread that has ended. Any thread may call it, any number of times, also several threads at
   * once.
   */
  expel(producer: number): void {
    const used = this.#table.used();
    for (let slot = 0; slot < used; slot++) {
      if (this.#table.ownerOf(slot) !== producer) continue;
      const ticket = load(this.#words, this.#word(slot, TICKET));
      // If the slot was freed and claimed again in between, the ticket is another thread's.
      if (this.#table.ownerOf(slot) !== producer) continue;
      if (ticket !== NONE) cas(this.#words, this.#word(slot, TICKET), ticket, NONE);
      this.#table.release(slot, producer);
    }
  }

  #word(slot: number, field: number): number {
    return this.#table.wordOf(slot) + field;
  }
}
