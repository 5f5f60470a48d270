import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';

/** @throws {TypeError} when `value` is no number @throws {RangeError} when it is no integer from `least` to `most` */
export function checkCount(
  what: string,
  value: unknown,
  least: number,
  most: number,
): asserts value is number {
  if (typeof value !== 'number') throw typeError(`${what} must be a number, got ${inspect(value)}`);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw rangeError(`${what} must be an integer from ${least} to ${most}, got ${value}`);
  }
}
