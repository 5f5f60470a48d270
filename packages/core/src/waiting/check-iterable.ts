import { typeError } from '../errors.js';
import { isPromiseLike } from '../is-promise-like.js';
import { inspectSafely } from '../debug/inspect-safely.js';

/**
 * Futures can be iterated, too, because of `yield*`: given one where a list of them is meant, it must not be taken for the list.
 * @throws {TypeError} unless `value` is an iterable, and no future
 */
export function checkIterable(value: unknown, caller: string): void {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value && !isPromiseLike(value)) {
    return;
  }
  throw typeError(`${caller} expects an iterable of futures, not ${inspectSafely(value)}`);
}
