import { abort, newAbortController } from './abort.js';
import type { AsyncResource } from 'node:async_hooks';
import { inspect } from 'node:util';
import { asResource, captureContext, type Context, hasStored, mustEnter, runInContext } from './context.js';
import { type Coroutine, isGeneratorFunction, type StartCoroutine, toStart } from './coroutine.js';
import { Awaiter } from './awaiter.js';
import { CancelPass } from './cancel-pass.js';
import { enterStep, leaveStep, runAs } from './current-task.js';
import { cancelledError, type CancelledError, endsTheLoop, InvalidStateError, messageOf } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { cancelIfItCan } from './follow-promise.js';
import { Future, type FutureState } from './future.js';
import { type CoroutineGenerator, GeneratorDriver, isGenerator } from './generator-driver.js';
import { isPromiseLike } from './is-promise-like.js';
import {
  ABORTS,
  CANCEL_PASS,
  END_RUN,
  ENQUEUE,
  IN_CIRCLE,
  NUMBER,
  SLOT,
  TASKS,
  WAITS,
} from './loop-internals.js';
import { nameOfClass } from './promise-class.js';
import { RUN } from './ready-queue.js';
import { RunningCoroutine } from './running-coroutine.js';

/** Options of `createTask()`. */
export interface TaskOptions {
  /** Shown in messages; 'Task-N' by default. */
  readonly name?: string;
  /** What AsyncLocalStorages hold in the coroutine. By default, what they hold where the task is created. */
  readonly context?: AsyncResource;
  /** Takes the first step at once if the loop is running, and not in the next iteration. */
  readonly eagerStart?: boolean;
}

let created = 0;

/** A future that runs a coroutine. Made by `loop.createTask()`. Python: asyncio.Task. */
export class Task<T> extends GeneratorDriver<T> {
  readonly #coroutine: Coroutine<T> | PromiseLike<T>;
  /** Starts the coroutine. null once it has started. */
  #start: StartCoroutine<T> | null;
  /** null if the name is made from the number. */
  #name: string | null;
  /** Tasks are numbered as they are created. @internal */
  readonly [NUMBER] = ++created;
  /** @internal */
  [SLOT] = -1;
  #context: Context;
  /** Owns the awaits of an async function. null for a generator. */
  #awaiter: Awaiter | null = null;
  #cancelRequests = 0;
  /** The pass of the cancel() in progress that has reached this task. @internal */
  [CANCEL_PASS]: CancelPass | null = null;
  #aborts: Set<AbortController> | null = null;

  /** @throws {TypeError} when `coroutine` is neither a coroutine nor a promise */
  constructor(
    coroutine: Coroutine<T> | PromiseLike<T>,
    loop: BaseEventLoop,
    { name, context, eagerStart = false }: TaskOptions = {},
  ) {
    super(loop);
    this.#coroutine = coroutine;
    this.#start = toStart(coroutine);
    this.#name = name ?? null;
    this.#context = context ?? captureContext();
    if (!eagerStart || !loop.isRunning()) loop[ENQUEUE](this);
    loop[TASKS].add(this);
    // Always enter the context: what the coroutine stores must not reach the creator of the task.
    if (eagerStart && loop.isRunning()) runInContext(this.#context, () => this.#advanceInContext());
  }

  /** Python: Task.get_name(). */
  getName(): string {
    return this.#name ?? `Task-${this[NUMBER]}`;
  }

  /** Python: Task.set_name(). */
  setName(name: string): void {
    this.#name = name;
  }

  /** The coroutine that was passed to `createTask()`. Python: Task.get_coro(). */
  getCoro(): Coroutine<T> | PromiseLike<T> {
    return this.#coroutine;
  }

  /** The context that the coroutine runs in. Python: Task.get_context(). */
  getContext(): AsyncResource {
    return asResource(this.#context);
  }

  /**
   * Asks the coroutine to stop: its current await, or else the next one, throws CancelledError. The coroutine may clean
   * up and rethrow the error, or catch it and continue. Returns false if the task is done. Python: Task.cancel().
   */
  override cancel(message?: string): boolean {
    if (this.done()) return this.refuseCancel();
    this.#cancelRequests++;
    return CancelPass.through(this, message);
  }

  /** Does the work of cancel(), when the CancelPass has reached this task. @internal */
  deliver(message: string | undefined): void {
    if (this.#awaiter === null) this.throwAtWait(message);
    else this.#awaiter.deliver(message);
    if (this.#aborts === null) return;
    for (const controller of this.#aborts) abort(controller, cancelledError(message));
  }

  /** How many `cancel()` calls have not been taken back by `uncancel()`. Python: Task.cancelling(). */
  cancelling(): number {
    return this.#cancelRequests;
  }

  /** Takes one `cancel()` back, and returns how many are left. Python: Task.uncancel(). */
  uncancel(): number {
    if (this.#cancelRequests > 0 && --this.#cancelRequests === 0) {
      this.takeCancellation();
      for (const future of this.#awaiter?.waits() ?? []) {
        if (future instanceof RunningCoroutine) future.takeCancellation(); // it may hold the task's cancellation
      }
    }
    return this.#cancelRequests;
  }

  /** Not supported: the result of a task is that of its coroutine. @throws {InvalidStateError} always */
  override setResult(): never {
    throw new InvalidStateError('Task does not support setResult operation');
  }

  /** @throws {InvalidStateError} always */
  override setException(): never {
    throw new InvalidStateError('Task does not support setException operation');
  }

  override takeCancellation(): CancelledError | null {
    return this.#awaiter === null ? super.takeCancellation() : this.#awaiter.takeCancellation();
  }

  /** Throws the cancellation at the current wait, because a generator may have continued meanwhile. */
  override postponeCancellation(error: CancelledError): void {
    this.throwAtWait(messageOf(error));
  }

  /** @internal */
  override [WAITS](): Future<unknown>[] {
    return this.#awaiter === null ? super[WAITS]() : this.#awaiter.waits();
  }

  /** @internal */
  override get [IN_CIRCLE](): boolean {
    return this[CANCEL_PASS]?.closesCircle === true;
  }

  /** The controllers that `cancel()` aborts. A part of the coroutine has passed on their AbortSignals. @internal */
  get [ABORTS](): Set<AbortController> {
    return (this.#aborts ??= new Set());
  }

  /** @internal */
  override [RUN](): void {
    if (this.done()) {
      this.#reportStepOfDone();
      return;
    }
    if (mustEnter(this.#context)) runInContext(this.#context, () => this.#advanceInContext());
    else {
      this.#advance();
      if (hasStored()) this.#context = captureContext();
    }
  }

  protected override describe(): string {
    const { name = '' } = this.getCoro() as { name?: unknown }; // functions have one
    const shown = typeof name === 'string' && name !== '' ? name : '(anonymous)';
    const [state, ...outcome] = super.describe().split(' ');
    const now = this.#cancelRequests > 0 && !this.done() ? 'cancelling' : state;
    const waits = (this.done() ? [] : this[WAITS]()).map(
      (future) => `waitFor=<${nameOfClass(future)} ${stateOf(future)}>`,
    );
    return [now, `name=${inspect(this.getName())}`, `coro=<${shown}()>`, ...waits, ...outcome].join(' ');
  }

  protected override settle(state: Exclude<FutureState, 'pending'>, outcome: unknown): void {
    const loop = this.getLoop();
    loop[TASKS].delete(this);
    if (this.done()) {
      this.#reportStepOfDone();
      return;
    }
    if (loop.isClosed()) return; // the task outlived its loop, so nobody waits for it
    super.settle(state, outcome);
  }

  /** Reports that other code has settled this task. */
  #reportStepOfDone(): void {
    const exception = new InvalidStateError(`step(): already done: ${inspect(this)}`);
    this.getLoop().callExceptionHandler({
      message: 'Exception in the step of a task',
      exception,
      task: this,
    });
  }

  /** A generator has one context for its whole life: its next step finds what it stored with enterWith(). */
  #advanceInContext(): void {
    this.#advance();
    this.#context = captureContext();
  }

  #advance(): void {
    const outer = enterStep(this);
    try {
      if (this.#start === null) this.step();
      else this.#begin(this.#start);
    } finally {
      leaveStep(outer);
    }
  }

  #begin(start: StartCoroutine<T>): void {
    this.#start = null;
    const coroutine = this.getCoro();
    const isStepped = isGeneratorFunction(coroutine) || isGenerator(coroutine);
    const cancellation = isStepped ? null : this.takeCancellation();
    if (cancellation !== null) {
      cancelIfItCan(coroutine);
      this.settle('cancelled', messageOf(cancellation));
      return;
    }
    let started: Started<T>;
    try {
      if (isStepped)
        started = (start as () => CoroutineGenerator<T>)(); // generator functions get no signal
      else {
        this.#awaiter = new Awaiter(this, this);
        started = runAs(this.#awaiter, () => this.#call(start));
      }
    } catch (thrown) {
      this.fail(thrown); // a function that is not async may throw at once, and so may a parameter's default value
      return;
    }
    if (isGenerator(started)) {
      this.#awaiter = null;
      this.drive(started); // the type of the coroutine says so
      this.step();
    } else if (isPromiseLike(started)) this.#follow(started);
    else this.finish(started);
  }

  #follow(started: Promise<T>): void {
    started.then(
      (value) => this.finish(value),
      (thrown: unknown) => {
        this.failWith(thrown);
        if (!endsTheLoop(thrown)) return;
        this.retrieve();
        this.getLoop()[END_RUN](thrown);
      },
    );
  }

  #call(start: StartCoroutine<T>): Started<T> {
    let started: ReturnType<StartCoroutine<T>>;
    if (start.length === 0) started = (start as () => ReturnType<StartCoroutine<T>>)();
    else {
      const controller = newAbortController();
      this[ABORTS].add(controller);
      started = start(controller.signal);
    }
    // Await it as a part of this task: a coroutine that returns a future waits for that future.
    if (isPromiseLike(started) && (started instanceof Future || !(started instanceof Promise))) {
      return awaitIt(started);
    }
    return started;
  }
}

async function awaitIt<T>(awaitable: PromiseLike<T>): Promise<T> {
  return await awaitable;
}

/**
 * The return value of a coroutine function. A function that is neither async nor a generator
 * function may return its result.
 */
type Started<T> = Promise<T> | CoroutineGenerator<T> | Exclude<T, PromiseLike<unknown>>;

function stateOf(future: Future<unknown>): string {
  if (!future.done()) return 'pending';
  return future.cancelled() ? 'cancelled' : 'finished';
}
