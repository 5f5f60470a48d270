import { availableParallelism } from 'node:os';
import { inspect } from 'node:util';
import { checkTime, rangeError, typeError } from '@ringloop/core/internal';
import type { ThreadOptions } from '@ringloop/threadsafe';
import { type CheckedThreadOptions, checkThreadOptions } from '@ringloop/threadsafe/internal';

/** Options of a PiscinaExecutor. */
export interface PiscinaExecutorOptions extends ThreadOptions {
  /**
   * The largest number of threads, and so of jobs that run at once. The default is the number of cores, or `minThreads`
   * if that is larger.
   */
  readonly maxThreads?: number;
  /** The number of threads that are started with the first job and stay when they are idle; 0 by default. */
  readonly minThreads?: number;
  /** Seconds after which an idle thread ends; 60 by default, `Infinity` for never. */
  readonly idleTimeout?: number;
  /** The largest number of jobs that wait for a thread; `submit()` refuses more. Unlimited by default. */
  readonly maxQueue?: number;
}

export interface CheckedOptions {
  readonly maxThreads: number;
  readonly minThreads: number;
  readonly idleTimeout: number;
  readonly maxQueue: number;
  readonly thread: CheckedThreadOptions;
}

/** Seconds. Arbitrary: longer than a pause between bursts, and starting a thread again costs some 50 ms. */
const IDLE_TIMEOUT = 60;

/** Fills in the defaults. @throws {TypeError} @throws {RangeError} */
export function checkOptions(options: PiscinaExecutorOptions): CheckedOptions {
  const { idleTimeout = IDLE_TIMEOUT, maxQueue = Infinity, minThreads = 0 } = options;
  checkCount(minThreads, 'minThreads', 0);
  const { maxThreads = Math.max(availableParallelism(), minThreads) } = options;
  checkCount(maxThreads, 'maxThreads', 1);
  if (minThreads > maxThreads)
    throw rangeError(`minThreads must be at most maxThreads, ${maxThreads}, got ${minThreads}`);
  checkTime(idleTimeout, 'idleTimeout');
  if (idleTimeout < 0) throw rangeError(`idleTimeout must not be negative, got ${idleTimeout}`);
  if (maxQueue !== Infinity) checkCount(maxQueue, 'maxQueue', 0);
  return { maxThreads, minThreads, idleTimeout, maxQueue, thread: checkThreadOptions(options) };
}

function checkCount(value: unknown, name: string, least: number): void {
  if (typeof value !== 'number') throw typeError(`${name} must be a number, got ${inspect(value)}`);
  if (Number.isInteger(value) && value >= least) return;
  throw rangeError(`${name} must be an integer of at least ${least}, got ${value}`);
}
