import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { checkInt } from '../sockets/check-int.js';

/** Options of `loop.sendfile()` and `loop.sockSendfile()`. */
export interface SendfileOptions {
  /** Bytes from the start of the file to the first one that is sent. 0 by default, wherever the file's own position is. */
  readonly offset?: number | null;
  /** How many bytes to send at most. By default the file is sent to its end, as far as it is when the end is reached. */
  readonly count?: number | null;
  /** Whether to read the file and send what was read, where the system cannot send it by itself. True by default. */
  readonly fallback?: boolean | null;
}

/** The options as they apply. */
export interface CheckedOptions {
  readonly offset: number;
  /** Infinity: to the end. */
  readonly count: number;
  readonly fallback: boolean;
}

const most = { max: Number.MAX_SAFE_INTEGER };

/**
 * @throws {TypeError} when an option has the wrong type
 * @throws {RangeError} when `offset` is negative, `count` is not positive, or one of them is not an integer
 */
export function checkOptions(options: SendfileOptions): CheckedOptions {
  const offset = options.offset ?? 0;
  const count = options.count ?? Infinity;
  const fallback = options.fallback ?? true;
  checkInt(offset, 'offset', { min: 0, ...most });
  if (count !== Infinity || options.count === Infinity) checkInt(count, 'count', { min: 1, ...most });
  if (typeof fallback !== 'boolean')
    throw typeError(`fallback must be a boolean, got ${inspect(fallback, { depth: 0 })}`);
  return { offset, count, fallback };
}
