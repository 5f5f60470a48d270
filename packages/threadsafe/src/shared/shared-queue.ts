import { inspect } from 'node:util';
import { type Awaitable, type CoroutineGenerator, QueueEmpty, QueueFull } from '@ringloop/core';
import { rangeError, settled, SETTLED, startCoroutine } from '@ringloop/core/internal';
import { allocateLazily } from '../memory/lazy-memory.js';
import type { Arrived } from '../references/remote.js';
import { registerSendable, type Sendable, WIRE } from '../codec/sendable.js';
import { checkCount } from './check-count.js';
import { decodeItem, encodeItem } from './item-codec.js';
import { MOST_SLOTS } from './item-ring.js';
import { parkInLoop } from './park-in-loop.js';
import { QueueMemory, queueBytes } from './queue-memory.js';
import {
  newSharedId,
  registerSharedObject,
  REPAIR,
  type Repairable,
  sharedObjectOf,
  type SharedObjectWire,
  wireOf,
} from './shared-object.js';
import { NOTHING } from './wait-queue.js';

/** The form in which a SharedQueue is sent. */
export interface SharedQueueWire extends SharedObjectWire {
  readonly kind: 'SharedQueue';
  readonly maxsize: number;
  readonly itemBytes: number;
}

/** Options of a SharedQueue. */
export interface SharedQueueOptions {
  /**
   * Size limit of a serialized item in bytes. The default is 4,096, enough for most errors. Memory that no item has
   * ever used takes address space only.
   */
  readonly itemBytes?: number;
}

const DEFAULT_MAXSIZE = 1024;
const DEFAULT_ITEM_BYTES = 4096;
/** Limit for the memory of all items, so that a typing error does not take the address space. Arbitrary. */
const MOST_BYTES = 2 ** 30;

/**
 * A queue that loops of several threads share. Any thread may put and get, in one order over all threads. It can be
 * sent to any thread, where it arrives as the same queue. Items are copied in and out by structured clone, except that
 * `Error`s keep their class. Python: asyncio.Queue.
 *
 * It always has a bound, because shared memory cannot grow.
 *
 * A thread may end at any time. An item that it had got is lost, and is not done for `join()`. An item that it was
 * putting is either in the queue or not.
 */
export class SharedQueue<T> implements Repairable, Sendable<SharedQueueWire> {
  /** @internal */
  readonly [WIRE]: SharedQueueWire;
  readonly #queue: QueueMemory;

  /**
   * @param maxsize the number of items at which `put()` waits, from 1 to 65,536
   * @param over where the queue is, for `fromWire()`
   * @throws {RangeError} when `maxsize` or `itemBytes` is no integer, too small or too large, or both together take
   *   more than 1 GiB
   * @throws {TypeError} when one of them is no number
   */
  constructor(
    maxsize = DEFAULT_MAXSIZE,
    { itemBytes = DEFAULT_ITEM_BYTES }: SharedQueueOptions = {},
    over?: SharedQueueWire,
  ) {
    checkCount('maxsize', maxsize, 1, MOST_SLOTS);
    checkCount('itemBytes', itemBytes, 1, MOST_BYTES);
    const size = { slots: maxsize, itemBytes };
    const bytes = queueBytes(size);
    if (bytes > MOST_BYTES) {
      throw rangeError(
        `maxsize and itemBytes must take 1 GiB at most, got ${maxsize} items of ${itemBytes} bytes`,
      );
    }
    const memory = over?.memory ?? allocateLazily(bytes);
    this[WIRE] = { kind: 'SharedQueue', id: over?.id ?? newSharedId(), memory, maxsize, itemBytes };
    this.#queue = new QueueMemory(memory, size, parkInLoop);
    if (over === undefined) this.#queue.ring.initialize();
    registerSharedObject(this, this[WIRE]);
  }

  /** The queue that `toWire()` was called on. @throws {TypeError} ERR_INVALID_ARG_TYPE when `wire` is something else */
  static fromWire<T>(wire: unknown): SharedQueue<T> {
    return revive<T>(wireOf<SharedQueueWire>('SharedQueue', wire));
  }

  /** The queue in a form that `postMessage` and `workerData` can carry. */
  toWire(): object {
    return { [WIRE]: this[WIRE] };
  }

  /** Python: Queue.maxsize. */
  get maxsize(): number {
    return this[WIRE].maxsize;
  }

  /** Size limit of a serialized item in bytes. */
  get itemBytes(): number {
    return this[WIRE].itemBytes;
  }

  /** How many items are in it. While others put and get, the number may already be outdated. Python: Queue.qsize(). */
  qsize(): number {
    return this.#queue.ring.count();
  }

  /** Whether it has no items. Python: Queue.empty(). */
  empty(): boolean {
    return this.#queue.ring.isEmpty();
  }

  /** Whether it has `maxsize` items. Python: Queue.full(). */
  full(): boolean {
    return this.#queue.ring.isFull();
  }

  /**
   * Copies an item into the queue, after waiting for room if it is full. Python: Queue.put().
   * @throws {CloneError} when the item cannot be sent as bytes, or takes more than `itemBytes`
   * @throws {QueueShutDown} when it was shut down before, or while the task waits
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   * @throws {TooManyProducersError} when too many threads put, or wait
   */
  put(item: T): Awaitable<void> {
    let bytes: Uint8Array;
    try {
      bytes = encodeItem(item, this.itemBytes);
      if (this.#queue.tryPut(bytes) !== NOTHING) return SETTLED;
    } catch (refusal) {
      return startCoroutine(fail(refusal));
    }
    return startCoroutine(this.#queue.put(bytes));
  }

  /**
   * Copies an item into the queue if there is room. Any thread may call it, with a loop or without. Python:
   * Queue.put_nowait().
   * @throws {CloneError} when the item cannot be sent as bytes, or takes more than `itemBytes`
   * @throws {QueueFull} when it is full
   * @throws {QueueShutDown} when it was shut down
   * @throws {TooManyProducersError} when too many threads put
   */
  putNowait(item: T): void {
    if (this.#queue.tryPut(encodeItem(item, this.itemBytes)) === NOTHING) {
      throw new QueueFull(`Cannot put: the queue is full with ${this.maxsize} items`);
    }
  }

  /**
   * Takes an item out, after waiting for one if it is empty. Python: Queue.get().
   * @throws {QueueShutDown} when it is empty and was shut down before, or while the task waits
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   * @throws {TooManyProducersError} when too many threads wait
   */
  get(): Awaitable<Arrived<T>> {
    try {
      const bytes = this.#queue.tryGet();
      // The items are of type T: put() accepted no others.
      return bytes === NOTHING ? startCoroutine(this.#get()) : settled(decodeItem(bytes) as Arrived<T>);
    } catch (refusal) {
      return startCoroutine(fail(refusal));
    }
  }

  /**
   * Takes an item out if there is one. Any thread may call it, with a loop or without. Python: Queue.get_nowait().
   * @throws {QueueEmpty} when it is empty
   * @throws {QueueShutDown} when it is empty and was shut down
   */
  getNowait(): Arrived<T> {
    const bytes = this.#queue.tryGet();
    if (bytes === NOTHING) throw new QueueEmpty('Cannot get: the queue is empty');
    return decodeItem(bytes) as Arrived<T>; // put() took a T
  }

  /**
   * Reports that the work on an item is done, for `join()`. Any thread may call it. Python: Queue.task_done().
   * @throws {RangeError} when it is called more often than items were put in
   */
  taskDone(): void {
    if (!this.#queue.finishOne()) throw rangeError('taskDone() called too many times');
  }

  /**
   * Waits until `taskDone()` was called for each item that was put in, by any threads. Python: Queue.join().
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   */
  join(): Awaitable<void> {
    return this.#queue.ring.unfinished() === 0 ? SETTLED : startCoroutine(this.#queue.join());
  }

  /**
   * Shuts the queue down: it accepts no more items, and still gives out those it has. Waiters that would need more
   * reject with QueueShutDown, in every thread. With `immediate` it also drops its items, as if they had been got and
   * done. Any thread may call it. Python: Queue.shutdown().
   */
  shutdown({ immediate = false }: { readonly immediate?: boolean } = {}): void {
    this.#queue.shutdown(immediate);
  }

  /** @internal */
  [REPAIR](producer: number): void {
    this.#queue.repair(producer);
  }

  /** For `util.inspect()` and `console.log()`. Getters and putters are the waiting coroutines of this thread. */
  [inspect.custom](): string {
    const { getters, putters } = this.#queue.waiting;
    const unfinished = this.#queue.ring.unfinished();
    const shown = [
      `maxsize=${this.maxsize} qsize=${this.qsize()}`,
      getters > 0 ? `_getters[${getters}]` : '',
      putters > 0 ? `_putters[${putters}]` : '',
      unfinished > 0 ? `tasks=${unfinished}` : '',
      this.#queue.isShutDown() ? 'shutdown' : '',
    ];
    return `<SharedQueue ${shown.filter((part) => part !== '').join(' ')}>`;
  }

  *#get(): CoroutineGenerator<Arrived<T>> {
    return decodeItem(yield* this.#queue.get()) as Arrived<T>; // put() took a T
  }
}

function revive<T>(wire: SharedQueueWire): SharedQueue<T> {
  // The type of its items is known to the sender only.
  return sharedObjectOf<SharedQueue<T>>(
    wire,
    SharedQueue,
    () => new SharedQueue<T>(wire.maxsize, { itemBytes: wire.itemBytes }, wire),
  );
}

// eslint-disable-next-line require-yield -- it is one that fails before it waits
function* fail(error: unknown): CoroutineGenerator<never> {
  throw error;
}

registerSendable<SharedQueueWire>('SharedQueue', SharedQueue, revive);
