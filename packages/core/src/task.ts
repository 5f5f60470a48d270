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

/** What `createTask()` can be told. */
export interface TaskOptions {
  /** Shown in messages; 'Task-N' by default. */
  readonly name?: string;
  /** What AsyncLocalStorages hold in the coroutine; by default what they hold where the task is created. */
  readonly context?: AsyncResource;
  /** Takes the first step now, where the loop is running, rather than in the next iteration. */
  readonly eagerStart?: boolean;
}

let created = 0;

/** A future that runs a coroutine. Made by `loop.createTask()`. Python: asyncio.Task. */
export class Task<T> extends GeneratorDriver<T> {
  readonly #coroutine: Coroutine<T> | PromiseLike<T>;
  /** null: it has started. */
  #start: StartCoroutine<T> | null;
  /** null: by its number. */
  #name: string | null;
  /** Tasks are numbered as they are created. @internal */
  readonly [NUMBER] = ++created;
  /** @internal */
  [SLOT] = -1;
  #context: Context;
  /** What an async function's awaits belong to. */
  #awaiter: Awaiter | null = null;
  #cancelRequests = 0;
  /** How a cancel() came here that is under way. @internal */
  [CANCEL_PASS]: CancelPass | null = null;
  #aborts: Set<AbortController> | null = null;

  /** @throws {TypeError} when `coroutine` is none */
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
    // Always entered: what it stores is not its creator's.
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

  /** What was given to `createTask()`. Python: Task.get_coro(). */
  getCoro(): Coroutine<T> | PromiseLike<T> {
    return this.#coroutine;
  }

  /** The context that the coroutine runs in. Python: Task.get_context(). */
  getContext(): AsyncResource {
    return asResource(this.#context);
  }

  /**
   * Asks the coroutine to stop: what it awaits rejects with CancelledError, at that await, now or at the next one. It may
   * clean up and rethrow, or catch it and go on. False when the task is done. Python: Task.cancel().
   */
  override cancel(message?: string): boolean {
    if (this.done()) return this.refuseCancel();
    this.#cancelRequests++;
    return CancelPass.through(this, message);
  }

  /** What cancel() does, in its turn. @internal */
  deliver(message: string | undefined): void {
    if (this.#awaiter === null) this.throwAtWait(message);
    else this.#awaiter.deliver(message);
    if (this.#aborts === null) return;
    for (const controller of this.#aborts) abort(controller, cancelledError(message));
  }

  /** How many `cancel()` calls stand, less `uncancel()`. Python: Task.cancelling(). */
  cancelling(): number {
    return this.#cancelRequests;
  }

  /** Takes one `cancel()` back, and returns how many are left. Python: Task.uncancel(). */
  uncancel(): number {
    if (this.#cancelRequests > 0 && --this.#cancelRequests === 0) {
      this.takeCancellation();
      for (const future of this.#awaiter?.waits() ?? []) {
        if (future instanceof RunningCoroutine) future.takeCancellation(); // it keeps the task's for it
      }
    }
    return this.#cancelRequests;
  }

  /** A task's result is its coroutine's. @throws {InvalidStateError} always */
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

  /** A generator that has gone on meanwhile is thrown it at the wait that it has come to. */
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

  /** What `cancel()` aborts, for who gives an AbortSignal to a part of the coroutine. @internal */
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
    if (loop.isClosed()) return; // it outlived its loop: nobody is left to be told
    super.settle(state, outcome);
  }

  /** Somebody has settled it behind its back. */
  #reportStepOfDone(): void {
    const exception = new InvalidStateError(`step(): already done: ${inspect(this)}`);
    this.getLoop().callExceptionHandler({
      message: 'Exception in the step of a task',
      exception,
      task: this,
    });
  }

  /** A generator has one context for its life: what it stores with enterWith(), it finds in its next step. */
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
        started = (start as () => CoroutineGenerator<T>)(); // it takes no signal
      else {
        this.#awaiter = new Awaiter(this, this);
        started = runAs(this.#awaiter, () => this.#call(start));
      }
    } catch (thrown) {
      this.fail(thrown); // a function that is not async may throw at once, and so may the default of a parameter
      return;
    }
    if (isGenerator(started)) {
      this.#awaiter = null;
      this.drive(started); // by the type of the coroutine
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
    // Awaited as part of this task, too: a coroutine that returns a future waits for it.
    if (isPromiseLike(started) && (started instanceof Future || !(started instanceof Promise))) {
      return awaitIt(started);
    }
    return started;
  }
}

async function awaitIt<T>(awaitable: PromiseLike<T>): Promise<T> {
  return await awaitable;
}

/** What a coroutine gives when it is called. Some are neither async functions nor generators, and have their result at once. */
type Started<T> = Promise<T> | CoroutineGenerator<T> | Exclude<T, PromiseLike<unknown>>;

function stateOf(future: Future<unknown>): string {
  if (!future.done()) return 'pending';
  return future.cancelled() ? 'cancelled' : 'finished';
}
