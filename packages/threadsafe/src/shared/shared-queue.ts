import { inspect } from 'node:util';
import {
  type Awaitable,
  type CoroutineGenerator,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
} from '@ringloop/core';
import { rangeError, settled, SETTLED, startCoroutine } from '@ringloop/core/internal';
import { add, load, notify, store } from '#atomics';
import { thisProducer } from '../inbox-memory.js';
import { registerSendable, type Sendable, WIRE, type Wire } from '../sendable.js';
import { checkCount } from './check-count.js';
import { decodeItem, encodeItem } from './item-codec.js';
import { ItemRing, MOST_SLOTS, ringBytes } from './item-ring.js';
import { LINE_WORDS, LineMemory } from './line-memory.js';
import { parkInLoop } from './parking.js';
import { registerView, REPAIR, type Repairable, wireOf } from './shared-view.js';
import { NOTHING, type Sleep, WaitingLine } from './waiting-line.js';
import { WordWatch } from './word-watch.js';

/** What a SharedQueue is while it crosses. */
export interface SharedQueueWire extends Wire {
  readonly kind: 'SharedQueue';
  readonly memory: SharedArrayBuffer;
  readonly maxsize: number;
  readonly itemBytes: number;
}

/** What a SharedQueue can be told. */
export interface SharedQueueOptions {
  /** How many bytes an item may take, serialized. By default 1,024. Memory that no item has ever taken costs address space only. */
  readonly itemBytes?: number;
}

const DEFAULT_MAXSIZE = 1024;
const DEFAULT_ITEM_BYTES = 1024;
/** All cells together, lest a typing error ask for the address space. Arbitrary. */
const MOST_BYTES = 2 ** 30;

/** Not 0 once it was shut down. */
const SHUT = 0;
/** How often the last of all items was done. */
const JOINS = 1;
const GETTERS = 4;
const PUTTERS = GETTERS + LINE_WORDS;
const RING_BYTES_AT = (PUTTERS + LINE_WORDS) * 4;

/**
 * A queue that loops of several threads share: any thread puts, any gets, in one order for all of them. It can be sent to any
 * thread, and what arrives there is the same queue. Items are copied in and out: an item is what structured clone makes of it, and
 * `Error`s keep their class. Python: asyncio.Queue.
 *
 * It always has a bound: its memory is shared by threads, and cannot grow once it is.
 *
 * A thread may end at any time. What it had got is lost with it, and not done, for `join()`; what it was putting is in the queue
 * or not.
 */
export class SharedQueue<T> implements Repairable, Sendable<SharedQueueWire> {
  /** @internal */
  readonly [WIRE]: SharedQueueWire;
  readonly #words: Int32Array;
  readonly #ring: ItemRing;
  readonly #getters: WaitingLine;
  readonly #putters: WaitingLine;
  readonly #joins: WordWatch;

  /**
   * @param maxsize how many items `put()` waits at, from 1 to 65,536
   * @param over where the queue is, for `fromWire()`
   * @throws {RangeError} when `maxsize` or `itemBytes` is no integer, too small or too large, or both together take more than 1 GiB
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
    if (ringBytes(size) > MOST_BYTES) {
      throw rangeError(
        `maxsize and itemBytes must take 1 GiB at most, got ${maxsize} items of ${itemBytes} bytes`,
      );
    }
    const memory = over?.memory ?? new SharedArrayBuffer(RING_BYTES_AT + ringBytes(size));
    this[WIRE] = { kind: 'SharedQueue', memory, maxsize, itemBytes };
    this.#words = new Int32Array(memory, 0, PUTTERS + LINE_WORDS);
    this.#ring = new ItemRing(memory, RING_BYTES_AT, size);
    if (over === undefined) this.#ring.initialize();
    this.#getters = this.#line(GETTERS, () => !this.empty() || this.#isShutDown());
    this.#putters = this.#line(PUTTERS, () => !this.full() || this.#isShutDown());
    this.#joins = new WordWatch(this.#words, JOINS);
    registerView(this);
  }

  /** The queue that `toWire()` made a form of. @throws {TypeError} ERR_INVALID_ARG_TYPE when it is something else */
  static fromWire<T>(wire: unknown): SharedQueue<T> {
    return revive<T>(wireOf<SharedQueueWire>('SharedQueue', wire));
  }

  /** A form that `postMessage` and `workerData` can carry. */
  toWire(): object {
    return { [WIRE]: this[WIRE] };
  }

  /** Python: Queue.maxsize. */
  get maxsize(): number {
    return this[WIRE].maxsize;
  }

  /** How many bytes an item may take, serialized. */
  get itemBytes(): number {
    return this[WIRE].itemBytes;
  }

  /** How many items are in it: while others put and get, how many there were a moment ago. Python: Queue.qsize(). */
  qsize(): number {
    return this.#ring.count();
  }

  /** Whether no item is in it. Python: Queue.empty(). */
  empty(): boolean {
    return this.#ring.isEmpty();
  }

  /** Whether `maxsize` items are in it. Python: Queue.full(). */
  full(): boolean {
    return this.#ring.isFull();
  }

  /**
   * Puts an item in, as it is now, and waits for room before if it is full. Python: Queue.put().
   * @throws {CloneError} when the item cannot be sent as bytes, or takes more than `itemBytes`
   * @throws {QueueShutDown} when it was shut down, or is while the task waits
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   * @throws {TooManyProducersError} when too many threads put, or wait
   */
  put(item: T): Awaitable<void> {
    let bytes: Uint8Array;
    try {
      bytes = encodeItem(item, this.itemBytes);
      if (this.#tryPut(bytes) !== NOTHING) return SETTLED;
    } catch (refusal) {
      return startCoroutine(fail(refusal));
    }
    return startCoroutine(this.putting(bytes));
  }

  /**
   * Puts an item in if there is room. For any thread, with a loop or without. Python: Queue.put_nowait().
   * @throws {CloneError} when the item cannot be sent as bytes, or takes more than `itemBytes`
   * @throws {QueueFull} when it is full
   * @throws {QueueShutDown} when it was shut down
   * @throws {TooManyProducersError} when too many threads put
   */
  putNowait(item: T): void {
    if (this.#tryPut(encodeItem(item, this.itemBytes)) === NOTHING) {
      throw new QueueFull(`Cannot put: the queue is full with ${this.maxsize} items`);
    }
  }

  /**
   * Takes an item out, and waits for one before if it is empty. Python: Queue.get().
   * @throws {QueueShutDown} when it is empty and was shut down, or is while the task waits
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   * @throws {TooManyProducersError} when too many threads wait
   */
  get(): Awaitable<T> {
    try {
      const bytes = this.#tryGet();
      return bytes === NOTHING ? startCoroutine(this.#get()) : settled(decodeItem(bytes) as T); // put() took a T
    } catch (refusal) {
      return startCoroutine(fail(refusal));
    }
  }

  /**
   * Takes an item out if there is one. For any thread, with a loop or without. Python: Queue.get_nowait().
   * @throws {QueueEmpty} when it is empty
   * @throws {QueueShutDown} when it is empty and was shut down
   */
  getNowait(): T {
    const bytes = this.#tryGet();
    if (bytes === NOTHING) throw new QueueEmpty('Cannot get: the queue is empty');
    return decodeItem(bytes) as T; // put() took a T
  }

  /**
   * Says that the work on an item, which was got before, is done: see `join()`. For any thread. Python: Queue.task_done().
   * @throws {RangeError} when it was said more often than items were put in
   */
  taskDone(): void {
    if (!this.#ring.finishOne()) throw rangeError('taskDone() called too many times');
    this.#tellIfDone();
  }

  /**
   * Waits until `taskDone()` was called for each item that was put in, by any thread. Python: Queue.join().
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   */
  join(): Awaitable<void> {
    return this.#ring.unfinished() === 0 ? SETTLED : startCoroutine(this.joining(parkInLoop));
  }

  /**
   * Takes no more items, and gives no more than it has; who waits for more throws QueueShutDown, in every thread. With `immediate`
   * it drops what it has, as if that had been got and done. For any thread. Python: Queue.shutdown().
   */
  shutdown({ immediate = false }: { readonly immediate?: boolean } = {}): void {
    store(this.#words, SHUT, 1);
    if (immediate) this.#drop();
    // The first of each line leaves and so rings the next.
    this.#getters.ringFirst();
    this.#putters.ringFirst();
  }

  /** @internal */
  *putting(bytes: Uint8Array): CoroutineGenerator<void> {
    yield* this.#putters.wait(() => this.#tryPut(bytes));
  }

  /** @internal */
  *getting(): CoroutineGenerator<Uint8Array> {
    return yield* this.#getters.wait(() => this.#tryGet());
  }

  /** @internal */
  *joining(park: () => Sleep): CoroutineGenerator<void> {
    const seen = load(this.#words, JOINS);
    if (this.#ring.unfinished() > 0) yield* this.#joins.untilChanged(seen, park);
  }

  /** @internal */
  [REPAIR](producer: number): void {
    this.#ring.expel(producer);
    this.#getters.memory.expel(producer);
    this.#putters.memory.expel(producer);
    // It may have ended between a put or a get and ringing, or been rung in vain.
    if (!this.empty() || this.#isShutDown()) this.#getters.ringFirst();
    if (!this.full() || this.#isShutDown()) this.#putters.ringFirst();
    this.#tellIfDone();
  }

  /** As `util.inspect()` and `console.log()` show it; getters and putters are those of this thread that wait. */
  [inspect.custom](): string {
    const shown = [
      `maxsize=${this.maxsize}`,
      `qsize=${this.qsize()}`,
      this.#getters.size > 0 ? `getters[${this.#getters.size}]` : '',
      this.#putters.size > 0 ? `putters[${this.#putters.size}]` : '',
      `tasks=${this.#ring.unfinished()}`,
      this.#isShutDown() ? 'shutdown' : '',
    ];
    return `<SharedQueue ${shown.filter((part) => part !== '').join(' ')}>`;
  }

  *#get(): CoroutineGenerator<T> {
    return decodeItem(yield* this.getting()) as T; // put() took a T
  }

  #tryPut(bytes: Uint8Array): undefined | typeof NOTHING {
    this.#refuseIfShutDown();
    const position = this.#ring.tryPut(bytes, thisProducer);
    if (position === -1) return NOTHING;
    // Shut down meanwhile, those who get may have looked for the last time. What was got, though, was put.
    if (this.#isShutDown() && this.#ring.takeBack(position)) {
      this.taskDone();
      this.#refuseIfShutDown();
    }
    this.#getters.ringFirst();
    return undefined;
  }

  #tryGet(): Uint8Array | typeof NOTHING {
    const wasShutDown = this.#isShutDown(); // looked at before: what was put in until then is seen
    const bytes = this.#ring.tryTake();
    if (bytes !== null) {
      this.#putters.ringFirst();
      return bytes;
    }
    if (wasShutDown) throw new QueueShutDown('Cannot get: the queue was shut down');
    return NOTHING;
  }

  #isShutDown(): boolean {
    return load(this.#words, SHUT) !== 0;
  }

  #refuseIfShutDown(): void {
    if (this.#isShutDown()) throw new QueueShutDown('Cannot put: the queue was shut down');
  }

  #drop(): void {
    // What was said to be done too early is not said again.
    while (this.#ring.tryTake() !== null) this.#ring.finishOne();
    this.#tellIfDone();
  }

  #tellIfDone(): void {
    if (this.#ring.unfinished() > 0) return;
    add(this.#words, JOINS, 1);
    notify(this.#words, JOINS, Infinity);
  }

  #line(at: number, isUseful: () => boolean): WaitingLine {
    return new WaitingLine(new LineMemory(this.#words, at), { isUseful, inTurn: false, sleep: parkInLoop });
  }
}

function revive<T>(wire: SharedQueueWire): SharedQueue<T> {
  return new SharedQueue<T>(wire.maxsize, { itemBytes: wire.itemBytes }, wire);
}

// eslint-disable-next-line require-yield -- it is one that fails before it waits
function* fail(error: unknown): CoroutineGenerator<never> {
  throw error;
}

registerSendable<SharedQueueWire>('SharedQueue', revive);
