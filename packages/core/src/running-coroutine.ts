import { currentTask, enterStep, leaveStep } from './current-task.js';
import type { BaseEventLoop } from './event-loop.js';
import type { FutureState } from './future.js';
import { type CoroutineGenerator, GeneratorDriver } from './generator-driver.js';
import { ADD_WAITER } from './loop-internals.js';
import { type Ready, RUN } from './ready-queue.js';
import { getRunningLoop } from './running-loop.js';

/**
 * A coroutine of the library that has begun, such as `lock.acquire()`. It is no task: it belongs to the one that called it, and
 * who waits for it goes on right in the step in which it ends, as behind an `await` in Python.
 */
export class RunningCoroutine<T> extends GeneratorDriver<T> {
  readonly #owner = currentTask();
  readonly #waiters: Ready[] = [];

  constructor(generator: CoroutineGenerator<T>, loop: BaseEventLoop) {
    super(loop);
    this.drive(generator);
    this[RUN]();
  }

  get onBehalfOf(): unknown {
    return this.#owner;
  }

  override [RUN](): void {
    const outer = enterStep(this.#owner);
    try {
      this.step();
    } finally {
      leaveStep(outer);
    }
  }

  override [ADD_WAITER](waiter: Ready): void {
    if (this.done()) super[ADD_WAITER](waiter);
    else this.#waiters.push(waiter);
  }

  protected override settle(state: Exclude<FutureState, 'pending'>, outcome: unknown): void {
    super.settle(state, outcome);
    for (const waiter of this.#waiters.splice(0)) waiter[RUN]();
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
