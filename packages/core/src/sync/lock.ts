import { inspect } from 'node:util';
import type { Awaitable } from '../awaitable.js';
import { BoundLoop } from './bound-loop.js';
import { InvalidStateError } from '../errors.js';
import type { CoroutineGenerator } from '../generator-driver.js';
import { startCoroutine } from '../running-coroutine.js';
import { runScoped, type ScopeBody } from '../scope.js';
import { SETTLED_TRUE } from '../settled.js';
import { WaiterQueue } from './waiter-queue.js';

/**
 * A lock that one task at a time can hold, in the order of asking. It does not belong to a task: any task may release
 * it. A task that holds it and acquires it again waits for ever. Python: asyncio.Lock.
 */
export class Lock implements Disposable {
  readonly #loop = new BoundLoop(this);
  readonly #waiters = new WaiterQueue();
  #locked = false;

  /** Whether the lock is held. Python: Lock.locked(). */
  locked(): boolean {
    return this.#locked;
  }

  /**
   * Waits until the lock is free, and takes it. Python: Lock.acquire().
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_OTHER_LOOP when it must wait and others have waited in another loop,
   *   ERR_NO_RUNNING_LOOP
   */
  acquire(): Awaitable<true> {
    // A waiter that is about to wake up goes first, though the lock looks free.
    if (this.#locked || this.#waiters.inUse) return startCoroutine(this.#wait());
    this.#locked = true;
    return SETTLED_TRUE;
  }

  /**
   * Releases the lock, and wakes the task that has waited longest. Python: Lock.release().
   * @throws {InvalidStateError} when the lock is not held
   */
  release(): void {
    if (!this.#locked) throw new InvalidStateError('Lock is not acquired.');
    this.#locked = false;
    this.#waiters.wakeFirst();
  }

  /**
   * Runs an async function or generator function while holding the lock, and gives its result. Python: async with lock.
   */
  run<R>(body: ScopeBody<void, R>): Awaitable<R> {
    return runScoped(
      () => this.#enter(),
      body,
      () => this.release(),
    );
  }

  /** `release()`, for `await lock.acquire(); using held = lock;`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const { size } = this.#waiters;
    const waiting = size > 0 ? `, waiters:${size}` : '';
    return `<${this.constructor.name} [${this.#locked ? 'locked' : 'unlocked'}${waiting}]>`;
  }

  *#wait(): CoroutineGenerator<true> {
    const waiter = this.#waiters.add(this.#loop.get());
    try {
      yield waiter;
    } catch (cancellation) {
      this.#waiters.remove(waiter);
      if (!this.#locked) this.#waiters.wakeFirst(); // pass the turn on, in case it was ours
      throw cancellation;
    }
    this.#waiters.remove(waiter);
    this.#locked = true;
    return true;
  }

  *#enter(): CoroutineGenerator<void> {
    yield* this.acquire();
  }
}
