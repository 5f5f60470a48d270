import { inspect } from 'node:util';
import { typeError } from './errors.js';

const COROUTINE_FUNCTIONS = new Set(['AsyncFunction', 'GeneratorFunction', 'AsyncGeneratorFunction']);

/**
 * Throws unless `callback` can be called by the loop. What an async function returns would be dropped, errors included:
 * those become tasks. Messages as in CPython.
 * @throws {TypeError}
 */
export function checkCallback(callback: unknown, method: string): void {
  if (typeof callback !== 'function') {
    throw typeError(`a callable object was expected by ${method}(), got ${inspect(callback)}`);
  }
  // Ordinary functions have no tag, which makes this one property look-up.
  const tag = (callback as { [Symbol.toStringTag]?: string })[Symbol.toStringTag];
  if (tag !== undefined && COROUTINE_FUNCTIONS.has(tag)) {
    throw typeError(
      `coroutines cannot be used with ${method}(), got ${tag} ${callback.name || '(anonymous)'}`,
    );
  }
}

/** @throws {TypeError} unless `seconds` is a number; `Infinity` is one, NaN is not */
export function checkTime(seconds: unknown, parameter: string): void {
  if (typeof seconds !== 'number' || Number.isNaN(seconds)) {
    throw typeError(`${parameter} must be a number of seconds, got ${inspect(seconds)}`);
  }
}
