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
 * A coroutine of the library that has begun, such as `lock.acquire()`. It is no task: it belongs to the one that called it, and
 * who waits for it goes on right in the step in which it ends, as behind an `await` in Python.
 */
export class RunningCoroutine<T> extends GeneratorDriver<T> {
  readonly #owner = currentTask();
  readonly #awaiter = currentAwaiter();
  readonly #context = captureContext();
  /** Who waits goes on when this is settled, within that step; not where another's step settles it. */
  #wakesAtOnce = true;
  /** What cancel() aborts, for who gives an AbortSignal to a part of it. */
  #aborts: Set<AbortController> | null = null;
  /** Who steps the generator since it was handed over; null for nobody that could be cancelled. */
  #delegator: GeneratorDriver<unknown> | null | undefined = undefined;

  constructor(generator: CoroutineGenerator<T>, loop: BaseEventLoop) {
    super(loop);
    this.drive(generator);
    this.step(); // as part of who calls
  }

  get onBehalfOf(): unknown {
    return this.#owner;
  }

  /** Who steps the generator: this one, or who delegates to it. Null where that is none of ours. */
  get driver(): GeneratorDriver<unknown> | null {
    if (this.#delegator === undefined) return this;
    return this.#delegator instanceof RunningCoroutine ? this.#delegator.driver : this.#delegator;
  }

  /** What `cancel()` aborts. @internal */
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
    this.#delegator = currentDriver();
    this.#wakesAtOnce = false;
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

  /** It is part of the task that has called it. */
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

  /** Who waits for it goes on right here, but for callbacks, which always go through the ready queue. */
  protected override wake(waiter: Ready): void {
    if (this.#wakesAtOnce && !(waiter instanceof Handle)) waiter[RUN]();
    else this.getLoop()[ENQUEUE](waiter);
  }

  /** It was cancelled while its generator ran, which has waited for nothing since: the next wait of whoever called is the first. */
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
