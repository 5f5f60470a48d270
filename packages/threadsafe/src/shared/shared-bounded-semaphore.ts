import { inspect } from 'node:util';
import type { Awaitable, ScopeBody } from '@ringloop/core';
import { rangeError } from '@ringloop/core/internal';
import { registerSendable, type Sendable, WIRE } from '../codec/sendable.js';
import { checkCount } from './check-count.js';
import { WAIT_QUEUE_WORDS } from './wait-queue-memory.js';
import { FairPermits } from './fair-permits.js';
import { PermitCells } from './permits.js';
import {
  newSharedId,
  registerSharedObject,
  REPAIR,
  type Repairable,
  sharedObjectOf,
  type SharedObjectWire,
  wireOf,
} from './shared-object.js';

/** The form in which a SharedBoundedSemaphore is sent. */
export interface SharedBoundedSemaphoreWire extends SharedObjectWire {
  readonly kind: 'SharedBoundedSemaphore';
}

/** Limit, because the search for a free permit visits all of them. Arbitrary. */
const MOST_PERMITS = 65_536;
const CELLS = WAIT_QUEUE_WORDS;

/**
 * A semaphore that loops of several threads share and that cannot be released more often than it was acquired. It lets
 * a number of tasks through at a time, in the order in which they asked, over all threads. Any task may release it. It
 * can be sent to any thread, where it arrives as the same semaphore. Python: asyncio.BoundedSemaphore.
 *
 * It records which thread has which permits: when a thread ends, its permits are released.
 */
export class SharedBoundedSemaphore implements Disposable, Repairable, Sendable<SharedBoundedSemaphoreWire> {
  /** @internal */
  readonly [WIRE]: SharedBoundedSemaphoreWire;
  readonly #permits: PermitCells;
  readonly #fairPermits: FairPermits;

  /**
   * @param value how many tasks it lets through, which is also the bound
   * @param over where the semaphore is, for `fromWire()`
   * @throws {RangeError} when `value` is no integer, negative or above 65,536
   * @throws {TypeError} when `value` is no number
   */
  constructor(value = 1, over?: SharedBoundedSemaphoreWire) {
    if (over === undefined) checkCount('SharedBoundedSemaphore initial value', value, 0, MOST_PERMITS);
    const memory = over?.memory ?? new SharedArrayBuffer((CELLS + value) * 4);
    const words = new Int32Array(memory);
    this[WIRE] = { kind: 'SharedBoundedSemaphore', id: over?.id ?? newSharedId(), memory };
    this.#permits = new PermitCells(words, CELLS, words.length - CELLS);
    this.#fairPermits = new FairPermits(this.#permits, words, 0);
    registerSharedObject(this, this[WIRE]);
  }

  /**
   * The semaphore that `toWire()` was called on. @throws {TypeError} ERR_INVALID_ARG_TYPE when `wire` is something else
   */
  static fromWire(wire: unknown): SharedBoundedSemaphore {
    return revive(wireOf<SharedBoundedSemaphoreWire>('SharedBoundedSemaphore', wire));
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
   * Lets one more task through. Any thread may call it, with a loop or without. Python: BoundedSemaphore.release().
   * @throws {RangeError} when it was released as often as acquired already
   */
  release(): void {
    if (!this.#fairPermits.release()) throw rangeError('SharedBoundedSemaphore released too many times');
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
    return `<SharedBoundedSemaphore [${state}${waiting > 0 ? `, waiters:${waiting}` : ''}]>`;
  }
}

function revive(wire: SharedBoundedSemaphoreWire): SharedBoundedSemaphore {
  return sharedObjectOf(wire, SharedBoundedSemaphore, () => new SharedBoundedSemaphore(0, wire));
}

registerSendable<SharedBoundedSemaphoreWire>('SharedBoundedSemaphore', SharedBoundedSemaphore, revive);
