import { inspect } from 'node:util';
import { type Awaiter, currentAwaiter, runAs } from './current-task.js';
import {
  CancelledError,
  endsTheLoop,
  InvalidStateError,
  LoopStateError,
  toError,
  typeError,
} from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { Future, type FutureState } from './future.js';
import { END_RUN, TASKS } from './loop-internals.js';

/**
 * An async function, or any function that returns a promise. It starts with the task's first step. One that declares a
 * parameter is given an AbortSignal that aborts when the task is cancelled, for the Node APIs that take one.
 */
export type Coroutine<T> = ((signal: AbortSignal) => PromiseLike<T>) | (() => PromiseLike<T>);

export interface TaskOptions {
  /** Shown in messages; 'Task-N' by default. */
  readonly name?: string;
}

let created = 0;

/** A future that runs an async function. Made by `loop.createTask()`. Python: asyncio.Task. */
export class Task<T> extends Future<T> implements Awaiter {
  readonly #coroutine: Coroutine<T>;
  readonly #name: string;
  /** What the coroutine waits on now: usually one future, several under Promise.all(). */
  readonly #waitingOn = new Set<Future<unknown>>();
  /** A cancel() that could not be delivered yet; it is when the present wait ends, or at the next one. */
  #mustCancel: CancelledError | null = null;
  #cancelRequests = 0;
  #abort: AbortController | null = null;

  constructor(coroutine: Coroutine<T> | PromiseLike<T>, loop: BaseEventLoop, { name }: TaskOptions = {}) {
    super(loop);
    this.#coroutine = toCoroutine(coroutine);
    this.#name = name ?? `Task-${++created}`;
    loop.callSoon(() => this.#start());
    loop[TASKS].add(this);
  }

  /** Python: Task.get_name(). */
  getName(): string {
    return this.#name;
  }

  /**
   * Asks the coroutine to stop: what it awaits rejects with CancelledError, at that await, now or at the next one. It may
   * clean up and rethrow, or catch it and go on. False when the task is done. Python: Task.cancel().
   */
  override cancel(message?: string): boolean {
    if (this.done()) return false;
    this.#cancelRequests++;
    const error = new CancelledError(message);
    // A future that is done cannot be cancelled any more, but its await has not gone on yet and can still throw.
    const refusals = [...this.#waitingOn].filter((future) => !future.cancel(message));
    if (this.#waitingOn.size === 0 || refusals.length > 0) this.#mustCancel = error;
    this.#abort?.abort(error);
    return true;
  }

  /** How many `cancel()` calls stand, less `uncancel()`. Python: Task.cancelling(). */
  cancelling(): number {
    return this.#cancelRequests;
  }

  /** Takes one `cancel()` back, and returns how many are left. Python: Task.uncancel(). */
  uncancel(): number {
    if (this.#cancelRequests > 0 && --this.#cancelRequests === 0) this.#mustCancel = null;
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

  beginWait(future: Future<unknown>): Error | null {
    if (future === this) return new InvalidStateError(`Task cannot await on itself: ${inspect(this)}`);
    if (future.getLoop() !== this.getLoop()) {
      const message = `Task ${inspect(this)} got Future ${inspect(future)} attached to a different loop`;
      return new LoopStateError(message, 'ERR_OTHER_LOOP');
    }
    this.#waitingOn.add(future);
    // As if cancel() had been called now.
    if (this.#mustCancel !== null && future.cancel(messageOf(this.#mustCancel))) this.#mustCancel = null;
    return null;
  }

  endWait(future: Future<unknown>): CancelledError | null {
    this.#waitingOn.delete(future);
    const cancellation = this.takeCancellation();
    return future.cancelled() ? null : cancellation; // the await throws a CancelledError already: one is enough
  }

  takeCancellation(): CancelledError | null {
    const error = this.#mustCancel;
    this.#mustCancel = null;
    return error;
  }

  protected override describe(): string {
    const coroutine = this.#coroutine.name === '' ? '(anonymous)' : this.#coroutine.name;
    return `${super.describe()} name=${inspect(this.#name)} coro=<${coroutine}()>`;
  }

  #start(): void {
    const cancellation = this.takeCancellation();
    if (cancellation !== null) {
      this.#end({ kind: 'cancelled', message: messageOf(cancellation) });
      return;
    }
    let promise: Promise<T>;
    try {
      // Resolved as part of this task, too: a coroutine that returns a future waits on it.
      promise = runAs(this, () => Promise.resolve(this.#call()));
    } catch (thrown) {
      this.#fail(thrown); // a function that is not async may throw at once
      if (endsTheLoop(thrown)) throw thrown;
      return;
    }
    promise.then(
      (value) => {
        const late = this.takeCancellation();
        this.#end(
          late === null ? { kind: 'finished', value } : { kind: 'cancelled', message: messageOf(late) },
        );
      },
      (thrown: unknown) => {
        this.#fail(thrown);
        if (endsTheLoop(thrown)) this.getLoop()[END_RUN](thrown);
      },
    );
  }

  #call(): PromiseLike<T> {
    if (this.#coroutine.length === 0) return (this.#coroutine as () => PromiseLike<T>)(); // it declares no parameter
    this.#abort = new AbortController();
    return this.#coroutine(this.#abort.signal);
  }

  #fail(thrown: unknown): void {
    const cancellation = thrown instanceof CancelledError ? thrown : this.#abortedBy(thrown);
    if (cancellation !== null) this.#end({ kind: 'cancelled', message: messageOf(cancellation) });
    else this.#end({ kind: 'failed', exception: toError(thrown) });
  }

  /** Node's functions answer the task's AbortSignal with an AbortError whose cause is the signal's reason. */
  #abortedBy(thrown: unknown): CancelledError | null {
    const reason: unknown = this.#abort?.signal.reason;
    if (!(reason instanceof CancelledError) || !(thrown instanceof Error)) return null;
    return thrown.cause === reason ? reason : null;
  }

  #end(state: FutureState<T>): void {
    const loop = this.getLoop();
    loop[TASKS].delete(this);
    if (loop.isClosed()) return; // it outlived its loop: nobody is left to be told
    this.settle(state);
  }
}

/** The task whose coroutine is running, or null outside of any. Python: asyncio.current_task(). */
export function currentTask(): Task<unknown> | null {
  const awaiter = currentAwaiter();
  return awaiter instanceof Task ? awaiter : null;
}

/** The tasks of `loop` that are not done. Python: asyncio.all_tasks(). */
export function allTasks(loop: BaseEventLoop): Set<Task<unknown>> {
  return new Set(loop[TASKS]);
}

/**
 * A future as it is; anything else that can be awaited as a task. Python: asyncio.ensure_future().
 * @throws {LoopStateError} ERR_OTHER_LOOP when the future belongs to another loop
 * @throws {TypeError} when `awaitable` is none
 */
export function ensureFuture<T>(
  awaitable: Future<T> | Coroutine<T> | PromiseLike<T>,
  { loop }: { loop: BaseEventLoop },
): Future<T> {
  if (!(awaitable instanceof Future)) return loop.createTask(awaitable);
  if (awaitable.getLoop() === loop) return awaitable;
  throw new LoopStateError(
    'The future belongs to a different loop than the one specified as the loop argument',
    'ERR_OTHER_LOOP',
  );
}

function toCoroutine<T>(coroutine: Coroutine<T> | PromiseLike<T>): Coroutine<T> {
  if (typeof coroutine === 'function') return coroutine;
  if (isPromiseLike(coroutine)) {
    // It may reject before the task has started: Node would take the rejection for unhandled and end the process.
    if (coroutine instanceof Promise) coroutine.catch(() => undefined);
    return function alreadyRunning() {
      return coroutine;
    };
  }
  throw typeError(`A Future, a coroutine or a promise is required, got ${inspect(coroutine)}`);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function messageOf(error: CancelledError): string | undefined {
  return error.message === '' ? undefined : error.message;
}
