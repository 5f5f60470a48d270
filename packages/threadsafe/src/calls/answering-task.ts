import { type BaseEventLoop, Task } from '@ringloop/core';
import { asPlainError } from '../codec/error-codec.js';
import type { Callable } from '../references/find-export.js';

/** Who is told that a called task is done. */
export interface Replying {
  taskDone(task: AnsweringTask): void;
}

/** A task that another thread waits for. It answers when it is done, not an iteration later as a done callback would. */
export class AnsweringTask extends Task<unknown> {
  /** It is shown as the task that it is to the called code. */
  static override readonly name = 'Task';
  /** The caller's number for it. */
  readonly callId: number;
  readonly #fn: Callable;
  readonly #answering: Replying;

  constructor(loop: BaseEventLoop, fn: Callable, args: unknown[], callId: number, answering: Replying) {
    super(() => fn(...args) as Promise<unknown>, loop); // or whatever else it gives
    this.callId = callId;
    this.#fn = fn;
    this.#answering = answering;
  }

  /** What was called. The task is shown by its name, and starts it as what it is. */
  override getCoro(): () => Promise<unknown> {
    return this.#fn as () => Promise<unknown>;
  }

  protected override settle(state: 'finished' | 'failed' | 'cancelled', outcome: unknown): void {
    super.settle(state, state === 'failed' ? withStack(outcome) : outcome);
    this.#answering.taskDone(this);
  }
}

/** An error whose stack can be read: V8 makes it when somebody first asks, and throws then, of a message that is no text for example. */
function withStack(error: unknown): unknown {
  try {
    Reflect.get(error as object, 'stack'); // a task fails with nothing else
    return error;
  } catch {
    return asPlainError(error);
  }
}
