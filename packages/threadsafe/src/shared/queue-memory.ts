/**
 * A queue of byte strings that loops of several threads wait at: a ring of items, a line of those who wait for one, and a line of
 * those who wait for room.
 *
 *   word     written by    meaning
 *   SHUT     anybody       not 0 once it was shut down
 *   JOINS    anybody       how often all items were done; who waits for that waits here
 *
 * 1. Who puts does so first and wakes those who get then; who gets looks again once its ticket is published. See LineMemory.
 * 2. Who gets looks at SHUT before it looks for an item: so what was put before the shutdown is got. Who puts looks at SHUT before
 *    and after: what it put too late it takes back, unless somebody has got it.
 * 3. Newcomers may pass by those who wait: an item goes to a thread that is awake rather than to one that must be woken. Who waits
 *    keeps its place. Python's queues do the same.
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

/** How much memory a queue takes. */
export function queueBytes(size: RingSize): number {
  return RING_AT_BYTES + ringBytes(size);
}

/** The words of a queue, and this thread's ends of its lines. */
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

  /** How many of this thread wait for an item, and for room. */
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
    // Shut down meanwhile, those who get may have looked for the last time. What was got, though, was put.
    if (this.isShutDown() && this.ring.takeBack(position)) {
      this.ring.finishOne();
      this.#tellIfDone();
      this.#refuseIfShutDown();
    }
    this.#getters.wakeFirst();
    return true;
  }

  /** @throws {QueueShutDown} when nothing is left */
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

  /** Goes on when all were done, also when more were put since. */
  *join(): CoroutineGenerator<void> {
    const seen = load(this.#words, JOINS);
    if (this.ring.unfinished() > 0) yield* this.#joins.untilChanged(seen, this.#sleep);
  }

  /** False: all that were put are done already. */
  finishOne(): boolean {
    if (!this.ring.finishOne()) return false;
    this.#tellIfDone();
    return true;
  }

  shutdown(immediate: boolean): void {
    store(this.#words, SHUT, 1);
    if (immediate) {
      // What was said to be done too early is not said again.
      while (this.ring.tryTake() !== null) this.ring.finishOne();
      this.#tellIfDone();
    }
    // The first of each line leaves, and so wakes the next.
    this.#getters.wakeFirst();
    this.#putters.wakeFirst();
  }

  /** A thread has ended, perhaps between a put or a get and ringing, or it was woken in vain. */
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
