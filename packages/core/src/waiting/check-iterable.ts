import { typeError } from '../errors.js';
import { isPromiseLike } from '../is-promise-like.js';
import { inspectSafely } from '../debug/inspect-safely.js';

/**
 * Rejects a future where a list of futures is expected. A future is iterable too, because of `yield*`, but must not be
 * taken for a list.
 * @throws {TypeError} unless `value` is iterable and is not a future
 */
export function checkIterable(value: unknown, caller: string): void {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value && !isPromiseLike(value)) {
    return;
  }
  throw typeError(`${caller} expects an iterable of futures, not ${inspectSafely(value)}`);
}
