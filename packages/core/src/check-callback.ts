import { inspect } from 'node:util';
import { typeError } from './errors.js';

const COROUTINE_FUNCTIONS = new Set(['AsyncFunction', 'GeneratorFunction', 'AsyncGeneratorFunction']);

/**
 * Checks that the loop can call `callback`. Coroutine functions are refused, because their results would be dropped,
 * errors included: they must be made tasks. The messages are those of CPython.
 * @throws {TypeError} when `callback` is not a function, or is an async or generator function
 */
export function checkCallback(callback: unknown, method: string): void {
  if (typeof callback !== 'function') {
    throw typeError(`a callable object was expected by ${method}(), got ${inspect(callback)}`);
  }
  // Ordinary functions have no tag, so the check costs them only this property look-up.
  const tag = (callback as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  if (tag !== undefined && COROUTINE_FUNCTIONS.has(tag)) {
    throw typeError(
      `coroutines cannot be used with ${method}(), got ${tag} ${callback.name || '(anonymous)'}`,
    );
  }
}

/**
 * Checks that `seconds` is a number. `Infinity` is accepted, NaN is not.
 * @throws {TypeError} otherwise
 */
export function checkTime(seconds: unknown, parameter: string): void {
  if (typeof seconds !== 'number' || Number.isNaN(seconds)) {
    throw typeError(`${parameter} must be a number of seconds, got ${inspect(seconds)}`);
  }
}
