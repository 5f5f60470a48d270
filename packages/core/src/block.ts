import type { Awaitable } from './awaitable.js';
import { isGeneratorFunction } from './coroutine.js';
import { type Awaiter, currentAwaiter, currentTask, runAs } from './current-task.js';
import { CancelledError, isOfCancellation } from './errors.js';
import type { Future } from './future.js';
import { type CoroutineGenerator, currentDriver, isGenerator } from './generator-driver.js';
import { ABORTS } from './loop-internals.js';
import { RunningCoroutine, startCoroutine } from './running-coroutine.js';
import { runScoped, type ScopeBody, type ScopeExit } from './scope.js';
import type { Task } from './task.js';

/** What runs in a block: an async function or a generator function. */
export type BlockBody<S, R> = (scope: S, signal: AbortSignal) => CoroutineGenerator<R> | PromiseLike<R>;

/**
 * Runs `body` as a block of the current task, between `enter` and `exit`. Outside of any task `enter` is given null, and must throw.
 * @throws {TypeError} when `body` is no function
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 */
export function runBlock<S, R>(
  body: BlockBody<S, R>,
  enter: (block: Block | null) => S,
  exit: ScopeExit,
): Awaitable<R> {
  const task = currentTask();
  if (task === null) return runScoped(() => enter(null), body as ScopeBody<S, R>, exit); // it gets no signal: it does not run
  const block = new Block(task);
  return block.run(body, () => enter(block), exit);
}

/**
 * A part of a task's code that can be cancelled without the rest: what runs beside it (`gather([waitFor(a, 1), waitFor(b, 5)])`),
 * and what is around it. How depends on who steps it:
 *
 * - In line, in a generator coroutine's task, it is the task that is cancelled, and counts that, as in CPython.
 * - A generator that nobody delegates to (it is awaited by an async function, or gathered) is cancelled alone.
 * - An async function is cancelled at its awaits. The block is their Awaiter, between them and the one around it.
 *
 * In the last two the block counts its cancellations by itself. For what only an AbortSignal interrupts, the body has one of its
 * own, which is aborted with the block, those around it and the task, and not with those within: a signal aborts for good.
 */
export class Block implements Awaiter {
  /** The task that runs it; only a block that has one can be entered. */
  readonly task: Task<unknown>;
  readonly #outer: Awaiter;
  /** What runs a generator; null for an async function. */
  #coroutine: RunningCoroutine<unknown> | null = null;
  /** An async function runs in it. */
  #isAsync = false;
  readonly #awaited = new Set<Future<unknown>>();
  /** For the next await of the async function. */
  #due: CancelledError | null = null;
  /** How many cancel() calls stand that the task does not count. */
  #requests = 0;
  #controller: AbortController | null = null;
  /** The signals of this block and of those within. */
  readonly #signals = new Set<AbortController>();
  /** The signals that outlive this block. */
  #around: readonly AbortController[] = [];

  constructor(task: Task<unknown>) {
    this.task = task;
    const awaiter = currentAwaiter();
    this.#outer = awaiter?.task === task ? awaiter : task;
  }

  /** Runs `body` in it, once. */
  run<S, R>(body: BlockBody<S, R>, enter: () => S, exit: ScopeExit): Awaitable<R> {
    const running = runScoped(enter, this.#bind(body), exit);
    if (running instanceof RunningCoroutine) this.#coroutine = running;
    return running;
  }

  entered(): void {
    this.#around = [...this.task[ABORTS]];
    if (this.#controller !== null) this.addSignal(this.#controller);
  }

  /**
   * Gives what the body threw: where that is the AbortError as which Node's functions answer a signal, the CancelledError that
   * is behind it. Who was told by a signal need not be told again at the next await.
   */
  left(thrown: unknown): unknown {
    const error = isOfCancellation(thrown) ? thrown.cause : thrown;
    const controller = this.#controller;
    if (controller === null) return error;
    this.deleteSignal(controller);
    if (error !== null && error === controller.signal.reason) this.task.takeCancellation();
    if (error instanceof CancelledError) controller.abort(error); // of a promise that a generator had yielded
    return error;
  }

  /** Cancels what runs in it. */
  cancel(): void {
    const driver = this.#coroutine?.driver;
    if (this.#isAsync) this.#cancelAwaits();
    else if (driver instanceof RunningCoroutine) driver.cancel();
    else {
      this.#cancelTask();
      return;
    }
    this.#requests++;
    for (const controller of this.#signals) controller.abort(new CancelledError());
  }

  /** How many cancellations stand, of this block and of all around it. */
  cancelling(): number {
    const { task } = this;
    return this.#requests + (this.#outer instanceof Block ? this.#outer : task).cancelling();
  }

  /** Takes one back, and returns how many are left. With the last, one that was not delivered is forgotten, as by the task. */
  uncancel(): number {
    if (this.#requests > 0) this.#requests--;
    else this.task.uncancel();
    const left = this.cancelling();
    if (left === 0) this.takeCancellation();
    return left;
  }

  /** For the end of the block, where it is about to throw something else: what was cancelled around it learns so at its next wait. */
  cancelAgain(): void {
    const driver = currentDriver();
    if (driver instanceof RunningCoroutine) {
      driver.cancel();
      return;
    }
    this.task.uncancel();
    this.task.cancel();
  }

  beginWait(future: Future<unknown>): Error | null {
    const refusal = this.#outer.beginWait(future);
    if (refusal !== null) return refusal;
    this.#awaited.add(future);
    if (this.#due !== null && future.cancel()) this.#due = null;
    return null;
  }

  endWait(future: Future<unknown>): Error | null {
    this.#awaited.delete(future);
    const due = this.#outer.endWait(future) ?? this.#takeDue();
    return future.cancelled() ? null : due; // the await throws a CancelledError already: one is enough
  }

  takeCancellation(): Error | null {
    return this.#outer.takeCancellation() ?? this.#takeDue();
  }

  private addSignal(controller: AbortController): void {
    this.#signals.add(controller);
    if (this.#outer instanceof Block) this.#outer.addSignal(controller);
    else this.task[ABORTS].add(controller);
  }

  private deleteSignal(controller: AbortController): void {
    this.#signals.delete(controller);
    if (this.#outer instanceof Block) this.#outer.deleteSignal(controller);
    else this.task[ABORTS].delete(controller);
  }

  #bind<S, R>(body: BlockBody<S, R>): ScopeBody<S, R> {
    if (typeof body !== 'function') return body; // runScoped() refuses it
    if (body.length > 1) this.#controller = new AbortController();
    const call = (scope: S): CoroutineGenerator<R> | PromiseLike<R> =>
      this.#controller === null
        ? (body as ScopeBody<S, R>)(scope) // it declares no signal
        : body(scope, this.#controller.signal);
    if (isGeneratorFunction(body)) {
      return function* (scope: S): CoroutineGenerator<R> {
        return yield* call(scope) as CoroutineGenerator<R>; // as its tag says
      };
    }
    const isStepped = currentTask() !== (currentAwaiter()?.task ?? null);
    return (scope: S) => {
      const started = runAs(this, () => {
        const made = call(scope);
        return isGenerator(made) ? made : Promise.resolve(made); // a body that returns a future waits for it, too
      });
      this.#isAsync = !isGenerator(started);
      if (isStepped || !isGenerator(started)) return started;
      const coroutine = startCoroutine(started);
      this.#coroutine = coroutine;
      return coroutine;
    };
  }

  #takeDue(): CancelledError | null {
    const due = this.#due;
    this.#due = null;
    return due;
  }

  #cancelAwaits(): void {
    // A future that is done cannot be cancelled any more, but its await has not gone on yet and can still throw.
    const refusals = [...this.#awaited].filter((future) => !future.cancel());
    if (refusals.length > 0 || this.#awaited.size === 0) this.#due = new CancelledError();
  }

  #cancelTask(): void {
    const signals = this.task[ABORTS];
    const around = this.#around.filter((each) => signals.delete(each));
    this.task.cancel();
    for (const each of around) signals.add(each);
  }
}
