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

/** What a SharedBoundedSemaphore is while it crosses. */
export interface SharedBoundedSemaphoreWire extends SharedObjectWire {
  readonly kind: 'SharedBoundedSemaphore';
}

/** Looking for a free one goes through all. Arbitrary. */
const MOST_PERMITS = 65_536;
const CELLS = WAIT_QUEUE_WORDS;

/**
 * A semaphore that loops of several threads share, and that is not released more often than it was acquired: lets a number of
 * tasks through at a time, in the order of asking over all threads. Any may release it. It can be sent to any thread, and what
 * arrives there is the same semaphore. Python: asyncio.BoundedSemaphore.
 *
 * It knows which thread has what: when a thread ends, what it had acquired is released.
 */
export class SharedBoundedSemaphore implements Disposable, Repairable, Sendable<SharedBoundedSemaphoreWire> {
  /** @internal */
  readonly [WIRE]: SharedBoundedSemaphoreWire;
  readonly #permits: PermitCells;
  readonly #passage: FairPermits;

  /**
   * @param value how many it lets through, and the bound
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
    this.#passage = new FairPermits(this.#permits, words, 0);
    registerSharedObject(this, this[WIRE]);
  }

  /** The semaphore that `toWire()` made a form of. @throws {TypeError} ERR_INVALID_ARG_TYPE when it is something else */
  static fromWire(wire: unknown): SharedBoundedSemaphore {
    return revive(wireOf<SharedBoundedSemaphoreWire>('SharedBoundedSemaphore', wire));
  }

  /** A form that `postMessage` and `workerData` can carry. */
  toWire(): object {
    return { [WIRE]: this[WIRE] };
  }

  /** Whether `acquire()` would have to wait. Python: Semaphore.locked(). */
  locked(): boolean {
    return this.#passage.isClosed();
  }

  /**
   * Waits until it lets one more through. Python: Semaphore.acquire().
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   * @throws {TooManyProducersError} when too many threads wait for it
   */
  acquire(): Awaitable<true> {
    return this.#passage.acquire();
  }

  /** Passes if it lets one more through, past those who wait, and says whether it did. For any thread, with a loop or without. */
  tryAcquire(): boolean {
    return this.#passage.tryAcquire();
  }

  /**
   * Lets one more through. For any thread, with a loop or without. Python: BoundedSemaphore.release().
   * @throws {RangeError} when it was released as often as acquired already
   */
  release(): void {
    if (!this.#passage.release()) throw rangeError('SharedBoundedSemaphore released too many times');
  }

  /** Runs an async function or generator function between acquire and release, and gives its result. Python: async with semaphore. */
  run<R>(body: ScopeBody<void, R>): Awaitable<R> {
    return this.#passage.run(body, () => this.release());
  }

  /** `release()`, for `await semaphore.acquire(); using held = semaphore;`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** @internal */
  [REPAIR](producer: number): void {
    this.#passage.repair(producer);
  }

  /** As `util.inspect()` and `console.log()` show it; waiters are those of this thread. */
  [inspect.custom](): string {
    const { waiting } = this.#passage;
    const state = this.locked() ? 'locked' : `unlocked, value:${this.#permits.value}`;
    return `<SharedBoundedSemaphore [${state}${waiting > 0 ? `, waiters:${waiting}` : ''}]>`;
  }
}

function revive(wire: SharedBoundedSemaphoreWire): SharedBoundedSemaphore {
  return sharedObjectOf(wire, SharedBoundedSemaphore, () => new SharedBoundedSemaphore(0, wire));
}

registerSendable<SharedBoundedSemaphoreWire>('SharedBoundedSemaphore', SharedBoundedSemaphore, revive);
