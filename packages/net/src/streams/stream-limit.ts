import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';

/** Bytes; as in CPython. */
export const DEFAULT_LIMIT = 65_536;

/** The option that a StreamReader shares with the functions that make one. */
export interface StreamLimit {
  /**
   * The most bytes that `readuntil()` and `readline()` may find before the separator; 64 KiB by default. The transport is paused while
   * more than twice as many bytes wait to be read.
   */
  readonly limit?: number | null;
}

/**
 * The limit of a reader, in bytes.
 * @throws {RangeError} when it is not above 0
 * @throws {TypeError} when it is no number
 */
export function limitOf({ limit }: StreamLimit): number {
  const given: unknown = limit ?? DEFAULT_LIMIT;
  if (typeof given !== 'number') {
    throw typeError(`limit must be a number of bytes, got ${inspect(given, { depth: 0 })}`);
  }
  if (!(given > 0)) throw rangeError(`Limit cannot be <= 0, got ${given}`);
  return given;
}
