import { setTimeout as delay } from 'node:timers/promises';
import { checkTime } from './check-callback.js';
import { LoopStateError } from './errors.js';
import type { Executor } from './ports/executor.js';
import { checkExecutor } from './run-in-executor.js';

/** The longest delay that Node accepts, in ms: 2^31 - 1. */
const LONGEST_DELAY_MS = 2_147_483_647;

/**
 * The executor of a loop for calls that name no other. It is made at its first use, and can be
 * replaced until it is shut down.
 */
export class DefaultExecutor {
  readonly #create: (() => Executor) | null;
  #executor: Executor | null = null;
  #shutdownCalled = false;

  constructor(create: (() => Executor) | null) {
    this.#create = create;
  }

  /** @throws {LoopStateError} ERR_EXECUTOR_SHUTDOWN after the shutdown, ERR_NO_EXECUTOR when there is none to make */
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

  /** The executor, if it was made or set and may still get jobs. */
  peek(): Executor | null {
    return this.#shutdownCalled ? null : this.#executor;
  }

  /** @throws {TypeError} when `executor` does not have the methods of an Executor */
  set(executor: Executor): void {
    checkExecutor(executor);
    this.#executor = executor;
  }

  /** @param timeout how many seconds to wait for running jobs, or null to wait as long as they take */
  async shutdown(timeout: number | null): Promise<void> {
    if (timeout !== null) checkTime(timeout, 'timeout');
    this.#shutdownCalled = true;
    const executor = this.#executor;
    if (executor === null) return;
    const joined = executor.shutdown({ wait: true });
    if (timeout === null) return joined;
    joined.catch(() => undefined); // nobody waits for it any more after the timeout
    if (await isDoneWithin(joined, timeout)) return;
    process.emitWarning(
      `The executor did not finish joining its threads within ${timeout} seconds.`,
      'RuntimeWarning',
    );
    await executor.shutdown({ wait: false });
  }

  /** Refuses jobs from now on and waits for none of the running ones, because the loop was closed. */
  abandon(): void {
    this.#shutdownCalled = true;
    const executor = this.#executor;
    this.#executor = null;
    // Ignore all errors. They are those of jobs, for which nobody waits any more: the executor reports its
    // own errors only through its jobs.
    executor?.shutdown({ wait: false }).catch(() => undefined);
  }
}

/**
 * Whether `promise` resolves in time. Rejects if `promise` rejects. Uses the real clock, because threads know no other.
 */
async function isDoneWithin(promise: Promise<void>, seconds: number): Promise<boolean> {
  const late = new AbortController();
  const alarm = delay(Math.min(Math.max(seconds, 0) * 1000, LONGEST_DELAY_MS), false, {
    signal: late.signal,
  });
  try {
    return await Promise.race([promise.then(() => true), alarm]);
  } finally {
    alarm.catch(() => undefined); // an aborted alarm rejects
    late.abort();
  }
}
