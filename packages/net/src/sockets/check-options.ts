import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';

/**
 * Checks that options were given: JavaScript may have forgotten them.
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when it is no object
 */
export function checkOptions(options: unknown): void {
  if (typeof options === 'object' && options !== null) return;
  throw typeError(`options must be an object, got ${inspect(options, { depth: 0 })}`);
}
