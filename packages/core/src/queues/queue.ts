import { inspect, type InspectOptions } from 'node:util';
import type { Awaitable } from '../awaitable.js';
import { BoundLoop } from '../sync/bound-loop.js';
import { QueueEmpty, QueueFull, QueueShutDown, rangeError, typeError } from '../errors.js';
import { Event } from '../sync/event.js';
import { Fifo } from './fifo.js';
import type { ItemStore } from './item-store.js';
import type { CoroutineGenerator } from '../generator-driver.js';
import { startCoroutine } from '../running-coroutine.js';
import { settled, SETTLED } from '../settled.js';
import { WaiterQueue } from '../sync/waiter-queue.js';

/** How many levels of nested queues are shown if inspect() is asked for all: a queue may contain itself. Arbitrary. */
const DEEPEST_SHOWN = 4;

/**
 * Passes items from putters to getters, in order. Putters wait for room and getters for items, each in the order in
 * which they came. A queue belongs to one loop: threads do not share it. Python: asyncio.Queue.
 */
export class Queue<T> {
  readonly #loop = new BoundLoop(this);
  readonly #items: ItemStore<T>;
  readonly #maxsize: number;
  readonly #getters = new WaiterQueue();
  readonly #putters = new WaiterQueue();
  readonly #finished = new Event();
  #unfinished = 0;
  #isShutDown = false;

  /**
   * @param maxsize the number of items at which the queue is full, so that `put()` waits; 0 or less: it is never full
   * @param items for subclasses: a store that returns the items in another order
   * @throws {TypeError} when `maxsize` is not a number or is NaN
   */
  constructor(maxsize = 0, items: ItemStore<T> = new Fifo<T>()) {
    if (typeof maxsize !== 'number' || Number.isNaN(maxsize)) {
      throw typeError(`maxsize must be a number, got ${inspect(maxsize)}`);
    }
    this.#maxsize = maxsize;
    this.#items = items;
    this.#finished.set();
  }

  /** Python: Queue.maxsize. */
  get maxsize(): number {
    return this.#maxsize;
  }

  /** Number of items in the queue. Python: Queue.qsize(). */
  qsize(): number {
    return this.#items.size;
  }

  /** Python: Queue.empty(). */
  empty(): boolean {
    return this.#items.size === 0;
  }

  /** Whether the queue has `maxsize` items. Python: Queue.full(). */
  full(): boolean {
    return this.#maxsize > 0 && this.#items.size >= this.#maxsize;
  }

  /**
   * Puts an item in. If the queue is full, it waits for room first. Python: Queue.put().
   * @throws {QueueShutDown} when the queue was shut down, or is shut down while the task waits
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_OTHER_LOOP when it must wait and others have waited in another loop;
   * ERR_NO_RUNNING_LOOP
   */
  put(item: T): Awaitable<void> {
    if (this.#isShutDown || this.full()) return startCoroutine(this.#put(item));
    try {
      this.putNowait(item);
    } catch (refusal) {
      return startCoroutine(fail(refusal)); // a PriorityQueue that cannot compare it
    }
    return SETTLED;
  }

  /**
   * Puts an item in if there is room. Python: Queue.put_nowait().
   * @throws {QueueFull} when it is full
   * @throws {QueueShutDown} when it was shut down
   */
  putNowait(item: T): void {
    if (this.#isShutDown) throw new QueueShutDown('Cannot put: the queue was shut down');
    if (this.full()) throw new QueueFull(`Cannot put: the queue is full with ${this.#items.size} items`);
    this.#items.push(item);
    this.#unfinished++;
    this.#finished.clear();
    wakeNext(this.#getters);
  }

  /**
   * Takes an item out. If the queue is empty, it waits for an item first. Python: Queue.get().
   * @throws {QueueShutDown} when the queue is empty and was shut down, or is shut down while the task waits
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_OTHER_LOOP when it must wait and others have waited in another loop;
   * ERR_NO_RUNNING_LOOP
   */
  get(): Awaitable<T> {
    if (this.empty()) return startCoroutine(this.#get());
    try {
      return settled(this.getNowait());
    } catch (refusal) {
      return startCoroutine(fail(refusal)); // a PriorityQueue that cannot compare its items
    }
  }

  /**
   * Takes an item out if there is one. Python: Queue.get_nowait().
   * @throws {QueueEmpty} when it is empty
   * @throws {QueueShutDown} when it is empty and was shut down
   */
  getNowait(): T {
    if (this.empty()) {
      if (this.#isShutDown) throw new QueueShutDown('Cannot get: the queue was shut down');
      throw new QueueEmpty('Cannot get: the queue is empty');
    }
    const item = this.#items.pop();
    wakeNext(this.#putters);
    return item;
  }

  /**
   * Says that the work on an item that was taken out before is done: see `join()`. Python: Queue.task_done().
   * @throws {RangeError} when it is called more often than items were put in
   */
  taskDone(): void {
    if (this.#unfinished === 0) throw rangeError('taskDone() called too many times');
    if (--this.#unfinished === 0) this.#finished.set();
  }

  /**
   * Waits until `taskDone()` was called for each item that was put in. Python: Queue.join().
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} as `get()`
   */
  join(): Awaitable<void> {
    return this.#unfinished === 0 ? SETTLED : startCoroutine(this.#join());
  }

  /**
   * Shuts the queue down: it accepts no more items, and gives out those that it has. Tasks that wait for more get
   * QueueShutDown. With `immediate` it also drops the items that it has, as if they had been taken out and done.
   * Python: Queue.shutdown().
   */
  shutdown({ immediate = false }: { readonly immediate?: boolean } = {}): void {
    this.#isShutDown = true;
    if (immediate) this.#drop();
    while (wakeNext(this.#getters));
    while (wakeNext(this.#putters));
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](depth: number | null, options: InspectOptions): string {
    const { name } = this.constructor;
    const levels = depth ?? DEEPEST_SHOWN;
    if (levels < 0) return `[${name}]`;
    const items = inspect([...this.#items], { ...options, depth: levels });
    const shown = [
      `maxsize=${this.#maxsize}`,
      this.empty() ? '' : `_queue=${items}`,
      this.#getters.size > 0 ? `_getters[${this.#getters.size}]` : '',
      this.#putters.size > 0 ? `_putters[${this.#putters.size}]` : '',
      this.#unfinished > 0 ? `tasks=${this.#unfinished}` : '',
      this.#isShutDown ? 'shutdown' : '',
    ];
    return `<${name} ${shown.filter((part) => part !== '').join(' ')}>`;
  }

  *#put(item: T): CoroutineGenerator<void> {
    // A woken task does not always find room: another task may have come first.
    while (this.full() && !this.#isShutDown) {
      yield* this.#wait(this.#putters, () => !this.full());
    }
    this.putNowait(item);
  }

  *#get(): CoroutineGenerator<T> {
    while (this.empty() && !this.#isShutDown) {
      yield* this.#wait(this.#getters, () => !this.empty());
    }
    return this.getNowait();
  }

  *#wait(waiters: WaiterQueue, isUseful: () => boolean): CoroutineGenerator<void> {
    const waiter = waiters.add(this.#loop.get());
    try {
      yield waiter;
    } catch (cancellation) {
      waiters.remove(waiter);
      if (!waiter.cancelled() && isUseful()) wakeNext(waiters); // it had been woken: wake the next one instead
      throw cancellation;
    }
  }

  *#join(): CoroutineGenerator<void> {
    yield* this.#finished.wait();
  }

  #drop(): void {
    // Some of the items may have been counted as done before they were taken out: do not count them twice.
    this.#unfinished = Math.max(0, this.#unfinished - this.#items.size);
    this.#items.clear();
    if (this.#unfinished === 0) this.#finished.set();
  }
}

/**
 * Wakes the next waiter and removes it. The waiter then looks at the queue again, as newcomers do. False: nobody waits.
 */
function wakeNext(waiters: WaiterQueue): boolean {
  const waiter = waiters.wakeNext();
  if (waiter === null) return false;
  waiters.remove(waiter);
  return true;
}

// eslint-disable-next-line require-yield -- this coroutine fails before it waits
function* fail(error: unknown): CoroutineGenerator<never> {
  throw error;
}
