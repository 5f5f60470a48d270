import { inspect } from 'node:util';
import type { Awaitable } from '../awaitable.js';
import { BoundLoop } from './bound-loop.js';
import { checkCallback } from '../check-callback.js';
import { CancelledError, InvalidStateError, typeError } from '../errors.js';
import type { CoroutineGenerator } from '../generator-driver.js';
import { Lock } from './lock.js';
import { startCoroutine } from '../running-coroutine.js';
import type { ScopeBody } from '../scope.js';
import { WaiterQueue } from './waiter-queue.js';

/**
 * Lets a task that holds a lock wait until another holder of the lock reports a change. Several conditions can share a
 * lock. Python: asyncio.Condition.
 */
export class Condition implements Disposable {
  readonly #loop = new BoundLoop(this);
  readonly #waiters = new WaiterQueue();
  readonly #lock: Lock;

  /**
   * @param lock the lock to use, or null for a new one
   * @throws {TypeError} when `lock` is not a Lock
   */
  constructor(lock: Lock | null = null) {
    this.#lock = lock ?? new Lock();
    if (!(this.#lock instanceof Lock)) throw typeError(`lock must be a Lock, got ${inspect(lock)}`);
  }

  /** Whether the lock is held. Python: Condition.locked(). */
  locked(): boolean {
    return this.#lock.locked();
  }

  /** Acquires the lock, as `Lock.acquire()`. Python: Condition.acquire(). */
  acquire(): Awaitable<true> {
    return this.#lock.acquire();
  }

  /** Releases the lock, as `Lock.release()`. Python: Condition.release(). */
  release(): void {
    this.#lock.release();
  }

  /**
   * Runs an async function or generator function while holding the lock, and gives its result.
   * Python: async with condition.
   */
  run<R>(body: ScopeBody<void, R>): Awaitable<R> {
    return this.#lock.run(body);
  }

  /**
   * Releases the lock, waits for a notification and acquires the lock again, even if the task is cancelled meanwhile.
   * By then the expected change may have been undone: check it again, as `waitFor()` does. Python: Condition.wait().
   * @throws {InvalidStateError} when the lock is not held
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_OTHER_LOOP when others have waited in another loop, ERR_NO_RUNNING_LOOP
   */
  wait(): Awaitable<true> {
    return startCoroutine(this.#wait());
  }

  /**
   * Waits until `predicate()` returns a truthy value, and gives that value. Calls `predicate` at once and after each
   * notification. Python: Condition.wait_for().
   * @throws {TypeError} when `predicate` is not a function, or is an async or generator function
   * @throws what `predicate` and `wait()` throw
   */
  waitFor<T>(predicate: () => T): Awaitable<T> {
    checkCallback(predicate, 'waitFor');
    return startCoroutine(this.#waitFor(predicate));
  }

  /**
   * Wakes `n` waiting tasks, or all of them if there are fewer. They continue once the lock has been released.
   * Python: Condition.notify().
   * @throws {InvalidStateError} when the lock is not held
   */
  notify(n = 1): void {
    if (!this.locked()) throw new InvalidStateError('cannot notify on un-acquired lock');
    this.#notify(n);
  }

  /** Wakes all waiting tasks, as `notify()`. Python: Condition.notify_all(). */
  notifyAll(): void {
    this.notify(Infinity);
  }

  /** `release()`, for `await condition.acquire(); using held = condition;`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const { size } = this.#waiters;
    const waiting = size > 0 ? `, waiters:${size}` : '';
    return `<${this.constructor.name} [${this.locked() ? 'locked' : 'unlocked'}${waiting}]>`;
  }

  *#wait(): CoroutineGenerator<true> {
    if (!this.locked()) throw new InvalidStateError('cannot wait on un-acquired lock');
    const loop = this.#loop.get();
    this.release();
    try {
      const waiter = this.#waiters.add(loop);
      try {
        yield waiter;
      } finally {
        this.#waiters.remove(waiter);
        yield* this.#takeLockAgain();
      }
      return true;
    } catch (thrown) {
      // It may have been notified already: pass the notification on. Waking a task without reason is allowed.
      this.#notify(1);
      throw thrown;
    }
  }

  *#waitFor<T>(predicate: () => T): CoroutineGenerator<T> {
    let result = predicate();
    while (!result) {
      yield* this.#wait();
      result = predicate();
    }
    return result;
  }

  /**
   * Acquires the lock, however often the task is cancelled meanwhile. Then throws the last of those cancellations, if
   * any.
   */
  *#takeLockAgain(): CoroutineGenerator<void> {
    let cancellation: CancelledError | null = null;
    for (;;) {
      try {
        yield* this.acquire();
        break;
      } catch (thrown) {
        if (!(thrown instanceof CancelledError)) throw thrown;
        cancellation = thrown;
      }
    }
    if (cancellation !== null) throw cancellation;
  }

  #notify(n: number): void {
    for (let left = n; left > 0 && this.#waiters.wakeNext() !== null; left--);
  }
}
