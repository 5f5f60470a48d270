import { types } from 'node:util';
import { typeError } from '@ringloop/core/internal';

/**
 * Accepts a Uint8Array of any realm, and so any Buffer. Refuses a string: it has no bytes until it is encoded.
 * @throws {TypeError} when `data` is not a Uint8Array
 */
export function checkBytes(data: unknown, name = 'data'): asserts data is Uint8Array {
  if (types.isUint8Array(data)) return; // not instanceof: jest and node:vm have a Uint8Array of their own
  throw typeError(`${name} argument must be a Uint8Array, not ${kindOf(data)}`);
}

/** Describes the type and not the value, which may be long or secret. */
function kindOf(value: unknown): string {
  if (typeof value !== 'object') return typeof value;
  if (value === null) return 'null';
  const { constructor: made } = value as { constructor?: unknown }; // an object without a prototype has no constructor
  return typeof made === 'function' && made.name !== '' ? made.name : 'object';
}
