import { inspect } from 'node:util';
import type { Awaitable, ScopeBody } from '@ringloop/core';
import { rangeError } from '@ringloop/core/internal';
import { registerSendable, type Sendable, WIRE } from '../codec/sendable.js';
import { checkCount } from './check-count.js';
import { WAIT_QUEUE_WORDS } from './wait-queue-memory.js';
import { FairPermits } from './fair-permits.js';
import { MOST_COUNTED, PermitCounter } from './permits.js';
import {
  newSharedId,
  registerSharedObject,
  REPAIR,
  type Repairable,
  sharedObjectOf,
  type SharedObjectWire,
  wireOf,
} from './shared-object.js';

/** The form in which a SharedSemaphore is sent. */
export interface SharedSemaphoreWire extends SharedObjectWire {
  readonly kind: 'SharedSemaphore';
}

const VALUE = 0;
const LINE = 4;
const SIZE_BYTES = (LINE + WAIT_QUEUE_WORDS) * 4;

/**
 * A semaphore that loops of several threads share. It lets a number of tasks through at a time, in the order in which
 * they asked, over all threads. Any task may release it, also more often than it was acquired: then it lets more tasks
 * through. It can be sent to any thread, where it arrives as the same semaphore. Python: asyncio.Semaphore.
 *
 * Nobody owns its permits: what a thread had acquired when it ended is never released, as with POSIX's semaphores. To
 * limit how many tasks do something at a time, use a SharedBoundedSemaphore: it gets these permits back.
 */
export class SharedSemaphore implements Disposable, Repairable, Sendable<SharedSemaphoreWire> {
  /** @internal */
  readonly [WIRE]: SharedSemaphoreWire;
  readonly #permits: PermitCounter;
  readonly #fairPermits: FairPermits;

  /**
   * @param value how many tasks it lets through
   * @param over where the semaphore is, for `fromWire()`
   * @throws {RangeError} when `value` is no integer, negative or above 2,147,483,647
   * @throws {TypeError} when `value` is no number
   */
  constructor(value = 1, over?: SharedSemaphoreWire) {
    const memory = over?.memory ?? new SharedArrayBuffer(SIZE_BYTES);
    const words = new Int32Array(memory);
    if (over === undefined) {
      checkCount('SharedSemaphore initial value', value, 0, MOST_COUNTED);
      words[VALUE] = value; // not shared yet
    }
    this[WIRE] = { kind: 'SharedSemaphore', id: over?.id ?? newSharedId(), memory };
    this.#permits = new PermitCounter(words, VALUE);
    this.#fairPermits = new FairPermits(this.#permits, words, LINE);
    registerSharedObject(this, this[WIRE]);
  }

  /**
   * The semaphore that `toWire()` was called on. @throws {TypeError} ERR_INVALID_ARG_TYPE when `wire` is something else
   */
  static fromWire(wire: unknown): SharedSemaphore {
    return revive(wireOf<SharedSemaphoreWire>('SharedSemaphore', wire));
  }

  /** The semaphore in a form that `postMessage` and `workerData` can carry. */
  toWire(): object {
    return { [WIRE]: this[WIRE] };
  }

  /** Whether `acquire()` would have to wait. Python: Semaphore.locked(). */
  locked(): boolean {
    return this.#fairPermits.isClosed();
  }

  /**
   * Waits until it lets one more task through. Python: Semaphore.acquire().
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   * @throws {TooManyProducersError} when too many threads wait for it
   */
  acquire(): Awaitable<true> {
    return this.#fairPermits.acquire();
  }

  /**
   * Acquires it if that is possible without waiting, ahead of those who wait. Returns whether it did. Any thread may
   * call it, with a loop or without.
   */
  tryAcquire(): boolean {
    return this.#fairPermits.tryAcquire();
  }

  /**
   * Lets one more task through. Any thread may call it, with a loop or without. Python: Semaphore.release().
   * @throws {RangeError} when it lets 2,147,483,647 through already
   */
  release(): void {
    if (!this.#fairPermits.release()) throw rangeError('SharedSemaphore released too many times');
  }

  /**
   * Runs an async function or generator function between acquire and release, and returns its result. Python: async
   * with semaphore.
   */
  run<R>(body: ScopeBody<void, R>): Awaitable<R> {
    return this.#fairPermits.run(body, () => this.release());
  }

  /** Calls `release()`, for `await semaphore.acquire(); using held = semaphore;`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** @internal */
  [REPAIR](producer: number): void {
    this.#fairPermits.repair(producer);
  }

  /** For `util.inspect()` and `console.log()`. Waiters are those of this thread. */
  [inspect.custom](): string {
    const { waiting } = this.#fairPermits;
    const state = this.locked() ? 'locked' : `unlocked, value:${this.#permits.value}`;
    return `<SharedSemaphore [${state}${waiting > 0 ? `, waiters:${waiting}` : ''}]>`;
  }
}

function revive(wire: SharedSemaphoreWire): SharedSemaphore {
  return sharedObjectOf(wire, SharedSemaphore, () => new SharedSemaphore(0, wire));
}

registerSendable<SharedSemaphoreWire>('SharedSemaphore', SharedSemaphore, revive);
