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

/** The code of a block: an async function or a generator function. */
export type BlockBody<S, R> = (scope: S, signal: AbortSignal) => CoroutineGenerator<R> | PromiseLike<R>;

/**
 * Runs `body` as a block of the current task, between `enter` and `exit`. Outside of a task,
 * `enter` gets null and must throw.
 * @throws {TypeError} when `body` is not a function
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 */
export function runBlock<S, R>(
  body: BlockBody<S, R>,
  enter: (block: Block | null) => S,
  exit: ScopeExit,
): Awaitable<R> {
  const task = currentTask();
  // Outside of a task `enter` throws, so the body does not run and needs no signal.
  if (task === null) return runScoped(() => enter(null), body as ScopeBody<S, R>, exit);
  const block = new Block(task);
  return block.run(body, () => enter(block), exit);
}

/** Runs a block that is not just a part of its task's generator. */
type Runner = RunningCoroutine<unknown> | RunningFunction<unknown>;

/**
 * A part of a task's code that can be cancelled alone: not the code beside it
 * (`gather([waitFor(a, 1), waitFor(b, 5)])`), and not the code around it. What is cancelled
 * depends on how the block runs:
 *
 * - In line in the generator of a task: the task is cancelled and counts that, as in CPython.
 * - In a generator that nobody delegates to, because an async function awaits it or it is
 *   gathered: that generator alone.
 * - In an async function: that function alone.
 *
 * In the last two cases the block counts its cancellations itself. The body also has an AbortSignal, for work that only
 * a signal can interrupt. It aborts with the block, with those around it and with the task. It does not abort with the
 * blocks within, because a signal aborts for good.
 */
export class Block {
  /** The task that runs the block. Without a task a block cannot be entered. */
  readonly task: Task<unknown>;
  readonly #outer: Block | Task<unknown>;
  #runner: Runner | null = null;
  /** How many cancel() calls, not taken back, the task does not count. */
  #requests = 0;
  #controller: AbortController | null = null;
  /** The sets that hold the controller. The cancel() of their owners aborts the signal. */
  #hosts: Set<AbortController>[] = [];
  /** The task's controllers that outlive this block. */
  #around: readonly AbortController[] = [];

  constructor(task: Task<unknown>) {
    this.task = task;
    this.#outer = currentAwaiter()?.block ?? task;
  }

  /** Runs `body` in the block. Can be called only once. */
  run<S, R>(body: BlockBody<S, R>, enter: () => S, exit: ScopeExit): Awaitable<R> {
    return runScoped(enter, this.#bind(body), exit);
  }

  /** Must be called when the block is entered. */
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
   * Must be called when the block is left. Returns what the body threw, or the CancelledError that it stands for. If a
   * signal has told the body of the cancellation, the next await need not tell it again.
   */
  left(thrown: unknown): unknown {
    const error = asCancellation(thrown) ?? thrown;
    const controller = this.#controller;
    if (controller === null) return error;
    for (const host of this.#hosts) host.delete(controller);
    if (error !== null && error === controller.signal.reason) this.#takeCancellation();
    if (error instanceof CancelledError) abort(controller, error); // stops the work behind a yielded promise
    return error;
  }

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

  /** How many cancellations of this block and of all blocks around it have not been taken back. */
  cancelling(): number {
    return this.#requests + this.#outer.cancelling();
  }

  /**
   * Takes one cancellation back, and returns how many are left. With the last one, a cancellation that was not
   * delivered is forgotten, as in a task.
   */
  uncancel(): number {
    if (this.#requests > 0) this.#requests--;
    else this.task.uncancel();
    const left = this.cancelling();
    if (left === 0) this.#takeCancellation();
    return left;
  }

  /**
   * Cancels the code around the block again. For a block that is cancelled from outside but ends with another error:
   * the next wait then throws the cancellation.
   */
  cancelAgain(): void {
    const driver = currentDriver();
    if (driver instanceof RunningCoroutine) {
      driver.cancel();
      return;
    }
    this.task.uncancel();
    this.task.cancel();
  }

  /** The runner if it can be cancelled alone. null if the block runs in line. */
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

/** Returns `call` as the same kind of function as `body`. */
function markedLike<S, R>(body: BlockBody<S, R>, call: ScopeBody<S, R>): ScopeBody<S, R> {
  if (!isGeneratorFunction(body)) return call;
  return function* (scope: S): CoroutineGenerator<R> {
    return yield* call(scope) as CoroutineGenerator<R>; // isGeneratorFunction() has checked it
  };
}
