import { inspect } from 'node:util';
import type { Awaitable } from '../awaitable.js';
import { BoundLoop } from './bound-loop.js';
import { rangeError, typeError } from '../errors.js';
import type { CoroutineGenerator } from '../generator-driver.js';
import { startCoroutine } from '../running-coroutine.js';
import { runScoped, type ScopeBody } from '../scope.js';
import { SETTLED_TRUE } from '../settled.js';
import { WaiterQueue } from './waiter-queue.js';

/**
 * Lets a limited number of tasks through at a time, in the order of asking. Any task may release it. Releasing it more
 * often than it was acquired raises the limit. Python: asyncio.Semaphore.
 */
export class Semaphore implements Disposable {
  readonly #loop = new BoundLoop(this);
  readonly #waiters = new WaiterQueue();
  #value: number;

  /**
   * @param value how many tasks it lets through at a time; may be Infinity
   * @throws {RangeError} when `value` is negative or not an integer
   * @throws {TypeError} when `value` is not a number
   */
  constructor(value = 1) {
    if (typeof value !== 'number')
      throw typeError(`Semaphore initial value must be a number, got ${inspect(value)}`);
    if (!(value >= 0)) throw rangeError(`Semaphore initial value must be >= 0, got ${value}`);
    if (value % 1 !== 0 && value !== Infinity)
      throw rangeError(`Semaphore initial value must be an integer, got ${value}`);
    this.#value = value;
  }

  /** Whether `acquire()` would have to wait. Python: Semaphore.locked(). */
  locked(): boolean {
    return this.#value === 0 || this.#waiters.inUse; // waiters that are about to wake up go first
  }

  /**
   * Waits until the semaphore lets one more task through. Python: Semaphore.acquire().
   * @throws {CancelledError} when the task is cancelled while it waits
   * @throws {LoopStateError} ERR_OTHER_LOOP when it must wait and others have waited in another loop,
   *   ERR_NO_RUNNING_LOOP
   */
  acquire(): Awaitable<true> {
    if (this.locked()) return startCoroutine(this.#wait());
    this.#value--;
    return SETTLED_TRUE;
  }

  /** Lets one more task through. Python: Semaphore.release(). */
  release(): void {
    this.#value++;
    this.#wakeNext();
  }

  /**
   * Runs an async function or generator function between acquire and release, and gives its result.
   * Python: async with semaphore.
   */
  run<R>(body: ScopeBody<void, R>): Awaitable<R> {
    return runScoped(
      () => this.#enter(),
      body,
      () => this.release(),
    );
  }

  /** `release()`, for `await semaphore.acquire(); using held = semaphore;`. */
  [Symbol.dispose](): void {
    this.release();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const { size } = this.#waiters;
    const state = this.locked() ? 'locked' : `unlocked, value:${this.#value}`;
    return `<${this.constructor.name} [${state}${size > 0 ? `, waiters:${size}` : ''}]>`;
  }

  /** How many more tasks it lets through while nobody waits. */
  protected get value(): number {
    return this.#value;
  }

  *#wait(): CoroutineGenerator<true> {
    const waiter = this.#waiters.add(this.#loop.get());
    try {
      yield waiter;
    } catch (cancellation) {
      if (!waiter.cancelled()) this.#value++; // woken before it was cancelled: give its permit back
      throw cancellation;
    } finally {
      this.#waiters.remove(waiter);
      // Tasks that came while a woken waiter was queued had to wait, even if permits were left: wake them now.
      while (this.#value > 0 && this.#wakeNext());
    }
    return true;
  }

  /** Wakes the next waiter and takes its permit at once, so that nobody else can get the permit in between. */
  #wakeNext(): boolean {
    if (this.#waiters.wakeNext() === null) return false;
    this.#value--;
    return true;
  }

  *#enter(): CoroutineGenerator<void> {
    yield* this.acquire();
  }
}

/** A Semaphore that cannot be released more often than it was acquired. Python: asyncio.BoundedSemaphore. */
export class BoundedSemaphore extends Semaphore {
  readonly #bound: number;

  /** As for Semaphore. `value` is also the upper bound. */
  constructor(value = 1) {
    super(value);
    this.#bound = value;
  }

  /**
   * Lets one more task through. Python: BoundedSemaphore.release().
   * @throws {RangeError} when it has already been released as often as it was acquired
   */
  override release(): void {
    // With a bound of Infinity, no release is one too many.
    if (this.value >= this.#bound && this.#bound !== Infinity)
      throw rangeError('BoundedSemaphore released too many times');
    super.release();
  }
}
