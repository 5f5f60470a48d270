import { inspect } from 'node:util';
import { TimeoutError } from '@ringloop/core';
import { checkTime, promiseWithResolvers, rangeError, typeError } from '@ringloop/core/internal';

/** How long a start may take. */
export interface SpawnLimitOptions {
  /** Seconds until it is given up with TimeoutError; `Infinity`, the default, for never. */
  readonly timeout?: number;
  /** Gives it up when it aborts, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Node's longest timer, in ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** When a start is given up, and why. */
export class SpawnLimits {
  /** Rejects when it is to be given up. */
  readonly over: Promise<never>;
  readonly #over = promiseWithResolvers<never>();
  readonly #timer: NodeJS.Timeout | null;
  readonly #signal: AbortSignal | null;

  /**
   * @throws {TypeError} @throws {RangeError} when an option is invalid
   * @throws what the signal gives as its reason, when it has aborted already
   */
  constructor({ timeout = Infinity, signal }: SpawnLimitOptions) {
    checkTime(timeout, 'timeout');
    if (timeout < 0) throw rangeError(`timeout must not be negative, got ${timeout}`);
    if (signal !== undefined && !isAbortSignal(signal)) {
      throw typeError(`signal must be an AbortSignal, got ${inspect(signal)}`);
    }
    signal?.throwIfAborted();
    this.over = this.#over.promise;
    this.over.catch(() => undefined); // who looks for it no longer has ended it
    this.#timer =
      timeout === Infinity
        ? null
        : setTimeout(() => this.#expire(timeout), Math.min(timeout * 1000, LONGEST_TIMER_MS));
    this.#signal = signal ?? null;
    this.#signal?.addEventListener('abort', this.#abort);
  }

  /** The start is over, one way or the other. */
  end(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#signal?.removeEventListener('abort', this.#abort);
  }

  #expire(timeout: number): void {
    this.#over.reject(new TimeoutError(`The group was not ready after ${timeout} seconds`));
  }

  readonly #abort = (): void => this.#over.reject(this.#signal?.reason);
}

/** Of whatever realm. */
function isAbortSignal(value: unknown): value is AbortSignal {
  if (value instanceof AbortSignal) return true;
  return typeof value === 'object' && value !== null && value.constructor.name === 'AbortSignal';
}
