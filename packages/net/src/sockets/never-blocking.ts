import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';

/**
 * Our sockets never block their thread, so the methods of Python that would make them block refuse.
 * @throws {RangeError} unless it is 0
 */
export function checkTimeout(seconds: unknown): void {
  if (seconds === 0) return;
  if (seconds !== null && typeof seconds !== 'number')
    throw typeError(`settimeout() takes a number, got ${inspect(seconds, { depth: 0 })}`);
  throw rangeError(`settimeout(): only 0 timeout is allowed, got ${inspect(seconds)}`);
}

/** @throws {TypeError} unless it is false */
export function checkNonBlocking(blocking: unknown): void {
  if (typeof blocking !== 'boolean')
    throw typeError(`setblocking() takes a boolean, got ${inspect(blocking, { depth: 0 })}`);
  if (blocking)
    throw typeError('setblocking(): sockets of a loop cannot be blocking', 'ERR_INVALID_ARG_VALUE');
}
