import { inspect, types } from 'node:util';
import { typeError } from '../errors.js';

/** Compares two items, as for `Array.prototype.sort()`: negative if `a` comes first, positive if `b` comes first. */
export type Compare<T> = (a: T, b: T) => number;

/**
 * The order of Python's `<`: numbers and bigints by value, strings by code unit, Dates by time, and false before true.
 * Arrays are compared like tuples, by the first items that differ.
 * @throws {TypeError} ERR_NOT_COMPARABLE when the values are of other types or of two
 *   different kinds, or when one is NaN
 */
export function naturalOrder(a: unknown, b: unknown): number {
  if (Array.isArray(a) && Array.isArray(b)) return compareArrays(a, b);
  const left = keyOf(a);
  const right = keyOf(b);
  if (left === null || right === null || kindOf(a) !== kindOf(b)) {
    throw typeError(
      `Cannot compare ${inspect(a)} with ${inspect(b)}: pass a compare function`,
      'ERR_NOT_COMPARABLE',
    );
  }
  return left < right ? -1 : left > right ? 1 : 0;
}

function compareArrays(a: readonly unknown[], b: readonly unknown[]): number {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    // As in Python, identical items need not be comparable: `[1, task]` and `[1, task]`.
    const order = a[at] === b[at] ? 0 : naturalOrder(a[at], b[at]);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function kindOf(value: unknown): string {
  if (types.isDate(value)) return 'date';
  return typeof value === 'bigint' ? 'number' : typeof value;
}

/** The value to compare with `<`, or null if there is none. */
function keyOf(value: unknown): number | bigint | string | boolean | null {
  switch (typeof value) {
    case 'number':
      return Number.isNaN(value) ? null : value;
    case 'bigint':
    case 'string':
    case 'boolean':
      return value;
    default:
      return types.isDate(value) && !Number.isNaN(value.getTime()) ? value.getTime() : null;
  }
}
