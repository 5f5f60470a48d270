import { inspect } from 'node:util';
import { checkTime, rangeError, typeError } from '@ringloop/core/internal';

/** How often a loop that dies is restarted. Like the intensity and period of Erlang's supervisors. */
export interface RestartOptions {
  /** Number of restarts within `within` seconds after which the loop is given up. An integer from 1; 3 by default. */
  readonly maxRestarts?: number;
  /** Seconds; 5 by default. */
  readonly within?: number;
}

/**
 * Erlang's defaults are 1 in 5 s, for a process that starts in microseconds. Three restarts reveal a broken module as
 * well.
 */
const MAX_RESTARTS = 3;
const WITHIN = 5;

/** Counts the restarts of one loop. */
export class RestartPolicy {
  readonly maxRestarts: number;
  /** Seconds. */
  readonly within: number;
  /** Times of the last restarts, in ms. */
  #restarts: number[] = [];

  /** @throws {TypeError} {RangeError} when an option is invalid */
  constructor({ maxRestarts = MAX_RESTARTS, within = WITHIN }: RestartOptions) {
    if (!Number.isInteger(maxRestarts) || maxRestarts < 1) {
      throw rangeError(`restart.maxRestarts must be an integer from 1, got ${inspect(maxRestarts)}`);
    }
    checkTime(within, 'restart.within');
    if (within <= 0) throw rangeError(`restart.within must be above 0, got ${within}`);
    this.maxRestarts = maxRestarts;
    this.within = within;
  }

  /** Whether the loop may be restarted now. If so, the restart is counted. */
  tryRestart(): boolean {
    const now = performance.now();
    this.#restarts = this.#restarts.filter((then) => now - then < this.within * 1000);
    if (this.#restarts.length >= this.maxRestarts) return false;
    this.#restarts.push(now);
    return true;
  }
}

/** A policy for one loop, or null for no restarts. @throws {TypeError} {RangeError} when `restart` is invalid */
export function restartPolicy(restart: unknown): RestartPolicy | null {
  if (restart === false || restart === undefined) return null;
  if (restart === true) return new RestartPolicy({});
  if (typeof restart !== 'object' || restart === null) {
    throw typeError(`restart must be a boolean or { maxRestarts, within }, got ${inspect(restart)}`);
  }
  return new RestartPolicy(restart);
}
