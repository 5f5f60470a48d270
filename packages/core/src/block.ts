import { isGeneratorFunction } from './coroutine.js';
import { CancelledError } from './errors.js';
import type { CoroutineGenerator } from './generator-driver.js';
import { ABORTS } from './loop-internals.js';
import type { ScopeBody } from './scope.js';
import type { Task } from './task.js';

/** What runs in a block: an async function or a generator function. */
export type BlockBody<S, R> = (scope: S, signal: AbortSignal) => CoroutineGenerator<R> | PromiseLike<R>;

/**
 * A part of a task's code that can be cancelled without the rest: after a timeout the task goes on. So it has an AbortSignal of
 * its own, for what only a signal interrupts: that of a block is aborted with the blocks around it, or with the task, and not
 * with those within it. (An AbortSignal aborts for good.)
 */
export class Block {
  #task!: Task<unknown>; // set by enter()
  #controller: AbortController | null = null;
  /** Whose signals outlive this block. */
  #around: readonly AbortController[] = [];

  /** `body` as runScoped() takes it. Most declare no signal, and none is made. */
  bind<S, R>(body: BlockBody<S, R>): ScopeBody<S, R> {
    if (typeof body !== 'function' || body.length < 2) return body as ScopeBody<S, R>; // it ignores the signal
    this.#controller = new AbortController();
    const { signal } = this.#controller;
    if (isGeneratorFunction(body)) {
      return function* (scope: S): CoroutineGenerator<R> {
        return yield* body(scope, signal) as CoroutineGenerator<R>; // as its tag says
      };
    }
    return (scope: S) => body(scope, signal); // runScoped() looks at what it returns
  }

  enter(task: Task<unknown>): void {
    this.#task = task;
    const signals = task[ABORTS];
    this.#around = [...signals];
    if (this.#controller !== null) signals.add(this.#controller);
  }

  /** Cancels the task, but for the signals around the block. */
  cancel(): void {
    const signals = this.#task[ABORTS];
    const around = this.#around.filter((each) => signals.delete(each));
    this.#task.cancel();
    for (const each of around) signals.add(each);
  }

  /**
   * Gives what the body threw: where that is the AbortError as which Node's functions answer a signal, the CancelledError that
   * is behind it. Who was told by a signal need not be told again at the next await.
   */
  leave(thrown: unknown): unknown {
    if (this.#controller !== null) this.#task[ABORTS].delete(this.#controller);
    const error = isOfCancellation(thrown) ? thrown.cause : thrown;
    if (error !== null && error === this.#controller?.signal.reason) this.#task.takeCancellation();
    return error;
  }
}

function isOfCancellation(thrown: unknown): thrown is Error & { readonly cause: CancelledError } {
  return thrown instanceof Error && thrown.name === 'AbortError' && thrown.cause instanceof CancelledError;
}
