import { inspect } from 'node:util';
import { type Awaitable, InvalidStateError, type ScopeBody } from '@ringloop/core';
import { registerSendable, type Sendable, WIRE } from '../codec/sendable.js';
import { WAIT_QUEUE_WORDS } from './wait-queue-memory.js';
import { FairPermits } from './fair-permits.js';
import { HolderWord } from './permits.js';
import {
  newSharedId,
  registerSharedObject,
  REPAIR,
  type Repairable,
  sharedObjectOf,
  type SharedObjectWire,
  wireOf,
} from './shared-object.js';

/** The form in which a SharedLock is sent. */
export interface SharedLockWire extends SharedObjectWire {
  readonly kind: 'SharedLock';
}

const HOLDER = 0;
const LINE = 4;
const SIZE_BYTES = (LINE + WAIT_QUEUE_WORDS) * 4;

/**
 * A lock that loops of several threads share. It lets one task through at a time, in the order in which they asked,
 * over all threads. It can be sent to any thread, where it arrives as the same lock. It belongs to no task: any task
 * may release it. Python: asyncio.Lock, or multiprocessing.Lock without its blocking.
 *
 * When the thread that has it ends, the lock becomes free, and the next task that takes it learns of that, once: see
 * `acquire()`.
 */
export class SharedLock implements Disposable, Repairable, Sendable<SharedLockWire> {
  /** @internal */
  readonly [WIRE]: SharedLockWire;
  readonly #holder: HolderWord;
  readonly #fairPermits: FairPermits;

  /** @param over where the lock is, for `fromWire()` */
  constructor(over?: SharedLockWire) {
    const memory = over?.memory ?? new SharedArrayBuffer(SIZE_BYTES);
    this[WIRE] = { kind: 'SharedLock', id: over?.id ?? newSharedId(), memory };
    const words = new Int32Array(memory);
    this.#holder = new HolderWord(words, HOLDER);
    this.#fairPermits = new FairPermits(this.#holder, words, LINE);
    registerSharedObject(this, this[WIRE]);
  }

  /** The lock that `toWire()` was called on. @throws {TypeError} ERR_INVALID_ARG_TYPE when `wire` is something else */
  static fromWire(wire: unknown): SharedLock {
    return revive(wireOf<SharedLockWire>('SharedLock', wire));
  }

  /** The lock in a form that `postMessage` and `workerData` can carry. */
  toWire(): object {
    return { [WIRE]: this[WIRE] };
  }

  /** Whether it is taken, in any thread. Python: Lock.locked(). */
  locked(): boolean {
    return !this.#holder.areLeft();
  }

  /**
   * Waits until it is free, and takes it. Python: Lock.acquire().
   * @throws {PeerExitedError} once, when the thread that had it has ended: what it protects may be half done. The lock
   *   is not taken then; a task that can repair it acquires the lock again first
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it must wait
   * @throws {TooManyProducersError} when too many threads wait for it
   */
  acquire(): Awaitable<true> {
    return this.#fairPermits.acquire();
  }

  /**
   * Takes it if it is free, ahead of those who wait. Returns whether it did. Any thread may call it, with a loop or
   * without. Python: threading.Lock.acquire(blocking=False).
   * @throws {PeerExitedError} as `acquire()`
   */
  tryAcquire(): boolean {
    return this.#fairPermits.tryAcquire();
  }

  /**
   * Releases it and wakes the task that has waited longest. Any thread may call it, with a loop or without. Python:
   * Lock.release().
   * @throws {InvalidStateError} when it is not taken
   */
  release(): void {
    if (!this.#fairPermits.release()) throw new InvalidStateError('Lock is not acquired.');
  }

  /**
   * Runs an async function or generator function while it has the lock, and returns its result. Throws as `acquire()`
   * does. Python: async with lock.
   */
  run<R>(body: ScopeBody<void, R>): Awaitable<R> {
    return this.#fairPermits.run(body, () => this.release());
  }

  /** Calls `release()`, for `await lock.acquire(); using held = lock;`. */
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
    const state = this.locked() ? 'locked' : 'unlocked';
    return `<SharedLock [${state}${waiting > 0 ? `, waiters:${waiting}` : ''}]>`;
  }
}

function revive(wire: SharedLockWire): SharedLock {
  return sharedObjectOf(wire, SharedLock, () => new SharedLock(wire));
}

registerSendable<SharedLockWire>('SharedLock', SharedLock, revive);
