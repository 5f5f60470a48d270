/**
 * A queue of byte strings that loops of several threads wait for. It has a ring of items, a wait queue of getters and a
 * wait queue of putters.
 *
 *   word     written by    meaning
 *   SHUT     anybody       not 0 once it was shut down
 *   JOINS    anybody       how often all items were done; waiters for that wait on this word
 *
 * 1. A putter puts first and then wakes a getter; a getter publishes its ticket and then looks again. See
 *    WaitQueueMemory.
 * 2. A getter reads SHUT before it looks for an item, so items that were put before the shutdown are got. A putter
 *    reads SHUT before and after: it takes an item back that it put too late, unless somebody has got it.
 * 3. Newcomers may overtake waiters: an item goes to a thread that is awake rather than to one that must be woken. A
 *    waiter keeps its place. Python's queues do the same.
 */
import { type CoroutineGenerator, QueueShutDown } from '@ringloop/core';
import { add, load, notify, store } from '#atomics';
import { thisProducer } from '../memory/inbox-memory.js';
import { ItemRing, ringBytes, type RingSize } from './item-ring.js';
import { WAIT_QUEUE_WORDS, WaitQueueMemory } from './wait-queue-memory.js';
import { NOTHING, type Sleep, WaitQueue } from './wait-queue.js';
import { WordWaiters } from './word-waiters.js';

const SHUT = 0;
const JOINS = 1;
const GETTERS = 4;
const PUTTERS = GETTERS + WAIT_QUEUE_WORDS;
const RING_AT_BYTES = (PUTTERS + WAIT_QUEUE_WORDS) * 4;

/** Size of a queue in bytes. */
export function queueBytes(size: RingSize): number {
  return RING_AT_BYTES + ringBytes(size);
}

/** The words of a queue, and this thread's view of its wait queues. */
export class QueueMemory {
  readonly ring: ItemRing;
  readonly #words: Int32Array;
  readonly #getters: WaitQueue;
  readonly #putters: WaitQueue;
  readonly #joins: WordWaiters;
  readonly #sleep: () => Sleep;

  constructor(memory: SharedArrayBuffer, size: RingSize, sleep: () => Sleep) {
    this.#words = new Int32Array(memory, 0, PUTTERS + WAIT_QUEUE_WORDS);
    this.ring = new ItemRing(memory, RING_AT_BYTES, size);
    this.#sleep = sleep;
    this.#getters = this.#line(GETTERS, () => this.#maySomebodyGet());
    this.#putters = this.#line(PUTTERS, () => this.#maySomebodyPut());
    this.#joins = new WordWaiters(this.#words, JOINS);
  }

  /** How many coroutines of this thread wait for an item, and how many for room. */
  get waiting(): { readonly getters: number; readonly putters: number } {
    return { getters: this.#getters.size, putters: this.#putters.size };
  }

  isShutDown(): boolean {
    return load(this.#words, SHUT) !== 0;
  }

  /** @throws {QueueShutDown} */
  tryPut(item: Uint8Array): true | typeof NOTHING {
    this.#refuseIfShutDown();
    const position = this.ring.tryPut(item, thisProducer);
    if (position === -1) return NOTHING;
    // If it was shut down meanwhile, the getters may have looked for the last time. But an item that was got counts as
    // put.
    if (this.isShutDown() && this.ring.takeBack(position)) {
      this.ring.finishOne();
      this.#tellIfDone();
      this.#refuseIfShutDown();
    }
    this.#getters.wakeFirst();
    return true;
  }

  /** @throws {QueueShutDown} when it was shut down and is empty */
  tryGet(): Uint8Array | typeof NOTHING {
    const wasShutDown = this.isShutDown();
    const item = this.ring.tryTake();
    if (item !== null) {
      this.#putters.wakeFirst();
      return item;
    }
    if (wasShutDown) throw new QueueShutDown('Cannot get: the queue was shut down');
    return NOTHING;
  }

  *put(item: Uint8Array): CoroutineGenerator<void> {
    yield* this.#putters.wait(() => this.tryPut(item));
  }

  *get(): CoroutineGenerator<Uint8Array> {
    return yield* this.#getters.wait(() => this.tryGet());
  }

  /** Waits until all items were done, even if more were put since. */
  *join(): CoroutineGenerator<void> {
    const seen = load(this.#words, JOINS);
    if (this.ring.unfinished() > 0) yield* this.#joins.untilChanged(seen, this.#sleep);
  }

  /** False: all items that were put are done already. */
  finishOne(): boolean {
    if (!this.ring.finishOne()) return false;
    this.#tellIfDone();
    return true;
  }

  shutdown(immediate: boolean): void {
    store(this.#words, SHUT, 1);
    if (immediate) {
      // finishOne() returns false if taskDone() was called too early. That is safe to ignore.
      while (this.ring.tryTake() !== null) this.ring.finishOne();
      this.#tellIfDone();
    }
    // The first waiter of each wait queue leaves, and so wakes the next.
    this.#getters.wakeFirst();
    this.#putters.wakeFirst();
  }

  /**
   * Repairs what an ended thread left: it may have ended between a put or get and its wake-up, or have been woken in
   * vain.
   */
  repair(producer: number): void {
    this.ring.expel(producer);
    this.#getters.memory.expel(producer);
    this.#putters.memory.expel(producer);
    if (this.#maySomebodyGet()) this.#getters.wakeFirst();
    if (this.#maySomebodyPut()) this.#putters.wakeFirst();
    this.#tellIfDone();
  }

  #maySomebodyGet(): boolean {
    return !this.ring.isEmpty() || this.isShutDown();
  }

  #maySomebodyPut(): boolean {
    return !this.ring.isFull() || this.isShutDown();
  }

  #refuseIfShutDown(): void {
    if (this.isShutDown()) throw new QueueShutDown('Cannot put: the queue was shut down');
  }

  #tellIfDone(): void {
    if (this.ring.unfinished() > 0) return;
    add(this.#words, JOINS, 1);
    notify(this.#words, JOINS, Infinity);
  }

  #line(at: number, isUseful: () => boolean): WaitQueue {
    return new WaitQueue(new WaitQueueMemory(this.#words, at), {
      isUseful,
      inTurn: false,
      sleep: this.#sleep,
    });
  }
}
