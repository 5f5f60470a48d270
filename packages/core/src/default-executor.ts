import { setTimeout as delay } from 'node:timers/promises';
import { checkTime } from './check-callback.js';
import { LoopStateError } from './errors.js';
import type { Executor } from './ports/executor.js';
import { checkExecutor } from './run-in-executor.js';

/** Node takes no longer delay (2^31 - 1 ms). */
const LONGEST_DELAY_MS = 2_147_483_647;

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

  /** @param timeout seconds to wait for jobs that run; null: as long as they take */
  async shutdown(timeout: number | null): Promise<void> {
    if (timeout !== null) checkTime(timeout, 'timeout');
    this.#shutdownCalled = true;
    const executor = this.#executor;
    if (executor === null) return;
    const joined = executor.shutdown({ wait: true });
    if (timeout === null) return joined;
    joined.catch(() => undefined); // if it fails after the timeout, nobody waits for it any more
    if (await isDoneWithin(joined, timeout)) return;
    process.emitWarning(
      `The executor did not finish joining its threads within ${timeout} seconds.`,
      'RuntimeWarning',
    );
    await executor.shutdown({ wait: false });
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

/** Whether `promise` is settled in time; rejects as it does. A real clock: threads know no other. */
async function isDoneWithin(promise: Promise<void>, seconds: number): Promise<boolean> {
  const late = new AbortController();
  const alarm = delay(Math.min(Math.max(seconds, 0) * 1000, LONGEST_DELAY_MS), false, {
    signal: late.signal,
  });
  try {
    return await Promise.race([promise.then(() => true), alarm]);
  } finally {
    alarm.catch(() => undefined); // aborted: it was not needed
    late.abort();
  }
}
