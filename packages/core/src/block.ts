import { abort, newAbortController } from './abort.js';
import type { Awaitable } from './awaitable.js';
import { isGeneratorFunction } from './coroutine.js';
import { currentAwaiter, currentTask } from './current-task.js';
import { asCancellation, cancelledError, CancelledError } from './errors.js';
import { type CoroutineGenerator, currentDriver } from './generator-driver.js';
import { ABORTS } from './loop-internals.js';
import { RunningCoroutine } from './running-coroutine.js';
import { RunningFunction } from './running-function.js';
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

/** What runs a block that is not simply part of its task's generator. */
type Runner = RunningCoroutine<unknown> | RunningFunction<unknown>;

/**
 * A part of a task's code that can be cancelled without the rest: what runs beside it (`gather([waitFor(a, 1), waitFor(b, 5)])`),
 * and what is around it. How depends on who runs it:
 *
 * - In line, in a generator coroutine's task, it is the task that is cancelled, and counts that, as in CPython.
 * - A generator that nobody delegates to (it is awaited by an async function, or gathered) is cancelled alone.
 * - So is an async function.
 *
 * In the last two the block counts its cancellations by itself. For what only an AbortSignal interrupts, the body has one of its
 * own, which is aborted with the block, those around it and the task, and not with those within: a signal aborts for good.
 */
export class Block {
  /** The task that runs it; only a block that has one can be entered. */
  readonly task: Task<unknown>;
  readonly #outer: Block | Task<unknown>;
  #runner: Runner | null = null;
  /** How many cancel() calls stand that the task does not count. */
  #requests = 0;
  #controller: AbortController | null = null;
  /** Whose cancel() aborts the signal. */
  #hosts: Set<AbortController>[] = [];
  /** The signals that outlive this block. */
  #around: readonly AbortController[] = [];

  constructor(task: Task<unknown>) {
    this.task = task;
    this.#outer = currentAwaiter()?.block ?? task;
  }

  /** Runs `body` in it, once. */
  run<S, R>(body: BlockBody<S, R>, enter: () => S, exit: ScopeExit): Awaitable<R> {
    return runScoped(enter, this.#bind(body), exit);
  }

  /** To be called where it is entered. */
  entered(): void {
    const owner = currentAwaiter()?.owner ?? null;
    const driver = currentDriver();
    if (driver instanceof RunningCoroutine) this.#runner = driver;
    else if (driver === null && owner instanceof RunningFunction) this.#runner = owner;
    this.#around = [...this.task[ABORTS]];
    if (this.#controller === null) return;
    this.#hosts = [owner instanceof RunningFunction ? owner[ABORTS] : this.task[ABORTS]];
    if (driver instanceof RunningCoroutine) this.#hosts.push(driver[ABORTS]);
    for (const host of this.#hosts) host.add(this.#controller);
  }

  /**
   * Gives what the body threw: where that stands for a cancellation, the CancelledError. Who was told by a signal need not be
   * told again at the next await.
   */
  left(thrown: unknown): unknown {
    const error = asCancellation(thrown) ?? thrown;
    const controller = this.#controller;
    if (controller === null) return error;
    for (const host of this.#hosts) host.delete(controller);
    if (error !== null && error === controller.signal.reason) this.#takeCancellation();
    if (error instanceof CancelledError) abort(controller, error); // of a promise that a generator had yielded
    return error;
  }

  /** Cancels what runs in it. */
  cancel(): void {
    const runner = this.#alone();
    if (runner === null) {
      this.#cancelTask();
      return;
    }
    this.#requests++;
    runner.cancel();
    if (this.#controller !== null) abort(this.#controller, cancelledError());
  }

  /** How many cancellations stand, of this block and of all around it. */
  cancelling(): number {
    return this.#requests + this.#outer.cancelling();
  }

  /** Takes one back, and returns how many are left. With the last, one that was not delivered is forgotten, as by the task. */
  uncancel(): number {
    if (this.#requests > 0) this.#requests--;
    else this.task.uncancel();
    const left = this.cancelling();
    if (left === 0) this.#takeCancellation();
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

  /** What runs it and can be cancelled alone; null in line. */
  #alone(): Runner | null {
    if (!(this.#runner instanceof RunningCoroutine)) return this.#runner;
    const { driver } = this.#runner;
    return driver instanceof RunningCoroutine ? driver : null;
  }

  #takeCancellation(): void {
    const runner = this.#alone();
    if (runner === null) this.task.takeCancellation();
    else (runner instanceof RunningFunction ? runner.awaiter : runner).takeCancellation();
  }

  #bind<S, R>(body: BlockBody<S, R>): ScopeBody<S, R> {
    if (typeof body !== 'function') return body; // runScoped() refuses it
    if (body.length > 1) this.#controller = newAbortController();
    const controller = this.#controller;
    const call = (scope: S): CoroutineGenerator<R> | PromiseLike<R> => {
      const awaiter = currentAwaiter();
      if (awaiter !== null && currentDriver() === null) awaiter.block = this;
      return controller === null ? (body as ScopeBody<S, R>)(scope) : body(scope, controller.signal); // it declares no signal
    };
    return markedLike(body, call);
  }

  #cancelTask(): void {
    const signals = this.task[ABORTS];
    const around = this.#around.filter((each) => signals.delete(each));
    this.task.cancel();
    for (const each of around) signals.add(each);
  }
}

/** `call`, recognizable as the kind of function that `body` is. */
function markedLike<S, R>(body: BlockBody<S, R>, call: ScopeBody<S, R>): ScopeBody<S, R> {
  if (!isGeneratorFunction(body)) return call;
  return function* (scope: S): CoroutineGenerator<R> {
    return yield* call(scope) as CoroutineGenerator<R>; // as its tag says
  };
}
