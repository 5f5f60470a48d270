import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';

/** The range of a C int. A number outside it would wrap, and stand for another descriptor, option or address. */
export const INT_MAX = 0x7fffffff;
export const INT_MIN = -0x80000000;

/**
 * @throws {TypeError} when `value` is not a number
 * @throws {RangeError} ERR_OUT_OF_RANGE when it is NaN, a fraction, or outside of `min` and `max`, which default to the
 * range of a C int
 */
export function checkInt(
  value: unknown,
  name: string,
  { min = INT_MIN, max = INT_MAX }: { readonly min?: number; readonly max?: number } = {},
): asserts value is number {
  if (typeof value !== 'number')
    throw typeError(`${name} must be a number, got ${inspect(value, { depth: 0 })}`);
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw rangeError(`${name} must be an integer from ${min} to ${max}, got ${value}`);
}
