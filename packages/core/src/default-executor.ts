import { LoopStateError } from './errors.js';
import type { Executor } from './executor.js';
import { checkExecutor } from './run-in-executor.js';

/** The executor that a loop uses when it is given none: made at its first use, replaceable until it is shut down. */
export class DefaultExecutor {
  readonly #create: (() => Executor) | null;
  #executor: Executor | null = null;
  #shutdownCalled = false;

  constructor(create: (() => Executor) | null) {
    this.#create = create;
  }

  /** @throws {LoopStateError} ERR_EXECUTOR_SHUTDOWN */
  get(): Executor {
    if (this.#shutdownCalled) {
      throw new LoopStateError('Executor shutdown has been called', 'ERR_EXECUTOR_SHUTDOWN');
    }
    if (this.#executor === null) {
      if (this.#create === null) {
        throw new LoopStateError('No default executor: call setDefaultExecutor() first', 'ERR_NO_EXECUTOR');
      }
      this.#executor = this.#create();
    }
    return this.#executor;
  }

  /** @throws {TypeError} */
  set(executor: Executor): void {
    checkExecutor(executor);
    this.#executor = executor;
  }

  async shutdown(): Promise<void> {
    this.#shutdownCalled = true;
    await this.#executor?.shutdown({ wait: true });
  }

  /** The loop was closed: no more jobs, and nobody waits for those that run. */
  abandon(): void {
    this.#shutdownCalled = true;
    const executor = this.#executor;
    this.#executor = null;
    // Jobs that fail now have nobody left to be told; the executor reports its own errors through them only.
    executor?.shutdown({ wait: false }).catch(() => undefined);
  }
}
