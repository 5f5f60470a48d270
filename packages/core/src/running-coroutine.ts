import { currentTask, enterStep, leaveStep } from './current-task.js';
import type { BaseEventLoop } from './event-loop.js';
import type { CancelledError } from './errors.js';
import type { FutureState } from './future.js';
import { type CoroutineGenerator, GeneratorDriver } from './generator-driver.js';
import { ADD_WAITER } from './loop-internals.js';
import { type Ready, RUN } from './ready-queue.js';
import { getRunningLoop } from './running-loop.js';

/**
 * A coroutine of the library that has begun, such as `lock.acquire()`. It is no task: it belongs to the one that called it, and
 * who waits for it goes on right in the step in which it ends, as behind an `await` in Python.
 */
export class RunningCoroutine<T> extends GeneratorDriver<T> {
  readonly #owner = currentTask();
  readonly #waiters: Ready[] = [];

  constructor(generator: CoroutineGenerator<T>, loop: BaseEventLoop) {
    super(loop);
    this.drive(generator);
    this[RUN]();
  }

  get onBehalfOf(): unknown {
    return this.#owner;
  }

  override [RUN](): void {
    const outer = enterStep(this.#owner);
    try {
      this.step();
    } finally {
      leaveStep(outer);
    }
  }

  override [ADD_WAITER](waiter: Ready): void {
    if (this.done()) super[ADD_WAITER](waiter);
    else this.#waiters.push(waiter);
  }

  /**
   * Who delegates to it with `yield*` steps its generator from then on: what it waits for and how it is cancelled is then the
   * task's own affair, to any depth.
   */
  override *[Symbol.iterator](): Generator<unknown, T> {
    if (this.done()) return this.result();
    const handed = this.handOver();
    if (handed === null) {
      yield this; // somebody else steps it
      return this.result();
    }
    const { generator, waitingOn } = handed;
    try {
      const value = yield* new Resumption(generator, waitingOn, this.takeCancellation());
      this.settle('finished', value);
      return value;
    } catch (thrown) {
      this.failWith(thrown);
      this.retrieve(); // it is on its way
      throw thrown;
    }
  }

  protected override finish(value: T): void {
    this.#giveBackCancellation(() => this.settle('finished', value));
  }

  protected override fail(thrown: unknown): void {
    this.#giveBackCancellation(() => this.failWith(thrown));
  }

  /** The task was cancelled while the generator ran, which has waited for nothing since: the task's next wait is the first. */
  #giveBackCancellation(end: () => void): void {
    const late = this.takeCancellation();
    end();
    if (late !== null) this.#owner?.postponeCancellation(late);
  }

  protected override settle(state: Exclude<FutureState, 'pending'>, outcome: unknown): void {
    super.settle(state, outcome);
    for (const waiter of this.#waiters.splice(0)) waiter[RUN]();
  }
}

/** A generator that has begun, for `yield*`, which would begin with a step of its own: gives what it waits for already. */
class Resumption<T> implements IterableIterator<unknown, T, unknown> {
  readonly #generator: CoroutineGenerator<T>;
  readonly #waitingOn: unknown;
  readonly #cancellation: CancelledError | null;
  #resumed = false;
  #delivered = false;

  constructor(generator: CoroutineGenerator<T>, waitingOn: unknown, cancellation: CancelledError | null) {
    this.#generator = generator;
    this.#waitingOn = waitingOn;
    this.#cancellation = cancellation;
  }

  next(sent: unknown): IteratorResult<unknown, T> {
    if (!this.#resumed) {
      this.#resumed = true;
      return { done: false, value: this.#waitingOn };
    }
    if (this.#cancellation === null || this.#delivered) return this.#generator.next(sent);
    this.#delivered = true;
    return this.#generator.throw(this.#cancellation);
  }

  throw(error: unknown): IteratorResult<unknown, T> {
    this.#delivered = true;
    return this.#generator.throw(error);
  }

  return(value: T): IteratorResult<unknown, T> {
    return this.#generator.return(value);
  }

  [Symbol.iterator](): this {
    return this;
  }
}

/**
 * Runs `generator` up to its first wait, now, and the rest in the loop. For functions that are coroutines in asyncio:
 * `return startCoroutine(this.#acquire())`.
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP, when it is given no loop
 */
export function startCoroutine<T>(
  generator: CoroutineGenerator<T>,
  loop: BaseEventLoop = getRunningLoop(),
): RunningCoroutine<T> {
  return new RunningCoroutine(generator, loop);
}
