import { abort } from './abort.js';
import { captureContext, mustEnter, runInContext } from './context.js';
import { currentAwaiter, currentTask, enterStep, leaveStep, runAs } from './current-task.js';
import type { BaseEventLoop } from './event-loop.js';
import { cancelledError, type CancelledError } from './errors.js';
import type { Future } from './future.js';
import { type CoroutineGenerator, currentDriver, GeneratorDriver } from './generator-driver.js';
import { Handle } from './handle.js';
import { ABORTS, ENQUEUE } from './loop-internals.js';
import { type Ready, RUN } from './ready-queue.js';
import { refusalOf } from './refusal.js';
import { getRunningLoop } from './running-loop.js';

/**
 * A running coroutine of the library, such as `lock.acquire()`. It is not a task: it belongs to the task that called
 * it. Code that waits for it continues in the very step in which it ends, as behind an `await` in Python.
 */
export class RunningCoroutine<T> extends GeneratorDriver<T> {
  readonly #owner = currentTask();
  readonly #awaiter = currentAwaiter();
  readonly #context = captureContext();
  /** Whether waiters continue within the step that settles this. False when another driver steps the generator. */
  #wakesAtOnce = true;
  /** The controllers that cancel() aborts. A part of the coroutine has passed on their AbortSignals. */
  #aborts: Set<AbortController> | null = null;
  /** The driver that steps the generator since it was handed over. null if that is code that cannot be cancelled. */
  #delegator: GeneratorDriver<unknown> | null | undefined = undefined;

  constructor(generator: CoroutineGenerator<T>, loop: BaseEventLoop) {
    super(loop);
    this.drive(generator);
    this.step(); // the first step runs within the call
  }

  get onBehalfOf(): unknown {
    return this.#owner;
  }

  /**
   * The driver that steps the generator: this one, or the one that delegates to it. null if that is not one of ours.
   */
  get driver(): GeneratorDriver<unknown> | null {
    if (this.#delegator === undefined) return this;
    return this.#delegator instanceof RunningCoroutine ? this.#delegator.driver : this.#delegator;
  }

  /** The controllers that `cancel()` aborts. @internal */
  get [ABORTS](): Set<AbortController> {
    return (this.#aborts ??= new Set());
  }

  override cancel(message?: string): boolean {
    const accepted = super.cancel(message);
    if (!accepted || this.#aborts === null) return accepted;
    for (const controller of this.#aborts) abort(controller, cancelledError(message));
    return true;
  }

  override [RUN](): void {
    const awaiter = this.#awaiter;
    if (awaiter !== null) runInContext(this.#context, () => runAs(awaiter, () => this.step()));
    else if (mustEnter(this.#context)) runInContext(this.#context, () => this.#stepInTask());
    else this.#stepInTask();
  }

  /**
   * A driver that delegates to this coroutine with `yield*` steps its generator from then on. So the task itself waits
   * for what the generator yields and is cancelled there, at any depth.
   */
  override *[Symbol.iterator](): Generator<unknown, T> {
    if (this.done()) return this.result();
    const handed = this.handOver();
    if (handed === null) {
      yield this; // another driver steps it already
      return this.result();
    }
    const { generator, waitingOn } = handed;
    this.#delegator = currentDriver();
    this.#wakesAtOnce = false;
    try {
      const value = yield* new Resumption(generator, waitingOn, this.takeCancellation());
      this.settle('finished', value);
      return value;
    } catch (thrown) {
      this.failWith(thrown);
      this.retrieve(); // the error is thrown here, so it need not be reported
      throw thrown;
    }
  }

  /** Decides for the task that called this coroutine, because it is a part of that task. */
  protected override refusalOf(future: Future<unknown>): Error | null {
    return refusalOf(this.#owner ?? this, future);
  }

  protected override finish(value: T): void {
    const undelivered = this.takeCancellation();
    this.settle('finished', value);
    this.#passOn(undelivered);
  }

  protected override fail(thrown: unknown): void {
    const undelivered = this.takeCancellation();
    this.failWith(thrown);
    this.#passOn(undelivered);
  }

  /** Waiters continue right here, except callbacks, which always go through the ready queue. */
  protected override wake(waiter: Ready): void {
    if (this.#wakesAtOnce && !(waiter instanceof Handle)) waiter[RUN]();
    else this.getLoop()[ENQUEUE](waiter);
  }

  /**
   * Passes on a cancellation that came while the generator ran for the last time, so that no wait has thrown it. The
   * next wait of the calling code throws it.
   */
  #passOn(undelivered: CancelledError | null): void {
    if (undelivered !== null) (this.#awaiter ?? this.#owner)?.postponeCancellation(undelivered);
  }

  #stepInTask(): void {
    const outer = enterStep(this.#owner);
    try {
      this.step();
    } finally {
      leaveStep(outer);
    }
  }
}

/**
 * Lets `yield*` continue a generator that has already begun. The first next() of `yield*` does not step the generator,
 * but returns what the generator is already waiting for.
 */
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
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP when no loop is given and none is running
 */
export function startCoroutine<T>(
  generator: CoroutineGenerator<T>,
  loop: BaseEventLoop = getRunningLoop(),
): RunningCoroutine<T> {
  return new RunningCoroutine(generator, loop);
}
