import { types } from 'node:util';
import { typeError } from '@ringloop/core/internal';

/** @throws {TypeError} unless it is a Uint8Array, of whatever realm, which a Buffer is; a string has no bytes until it is encoded */
export function checkBytes(data: unknown, name = 'data'): asserts data is Uint8Array {
  if (types.isUint8Array(data)) return; // not instanceof: jest and node:vm have a Uint8Array of their own
  throw typeError(`${name} argument must be a Uint8Array, not ${kindOf(data)}`);
}

/** Not the value itself, which may be long, or secret. */
function kindOf(value: unknown): string {
  if (typeof value !== 'object') return typeof value;
  if (value === null) return 'null';
  const { constructor: made } = value as { constructor?: unknown }; // an object without a prototype has none
  return typeof made === 'function' && made.name !== '' ? made.name : 'object';
}
