import { type BaseEventLoop, Task } from '@ringloop/core';
import { asPlainError } from '../codec/error-codec.js';
import type { Callable } from '../references/find-export.js';

/** Is told when a called task is done. */
export interface Replying {
  taskDone(task: AnsweringTask): void;
}

/**
 * A task that another thread waits for. It replies as soon as it is done; a done callback would reply an iteration
 * later.
 */
export class AnsweringTask extends Task<unknown> {
  /** To the called code it is shown as an ordinary task. */
  static override readonly name = 'Task';
  /** The caller's id of the call. */
  readonly callId: number;
  readonly #fn: Callable;
  readonly #replying: Replying;

  constructor(loop: BaseEventLoop, fn: Callable, args: unknown[], callId: number, replying: Replying) {
    super(() => fn(...args) as Promise<unknown>, loop); // or whatever else `fn` returns
    this.callId = callId;
    this.#fn = fn;
    this.#replying = replying;
  }

  /** The called function. It gives the task its name, and shows as what started it. */
  override getCoro(): () => Promise<unknown> {
    return this.#fn as () => Promise<unknown>;
  }

  protected override settle(state: 'finished' | 'failed' | 'cancelled', outcome: unknown): void {
    super.settle(state, state === 'failed' ? withStack(outcome) : outcome);
    this.#replying.taskDone(this);
  }
}

/**
 * Ensures that the error's stack can be read. V8 makes the stack when it is first read, and can throw then, for example
 * because the message is no text.
 */
function withStack(error: unknown): unknown {
  try {
    Reflect.get(error as object, 'stack'); // a task fails only with objects
    return error;
  } catch {
    return asPlainError(error);
  }
}
