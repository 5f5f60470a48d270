import { typeError } from '@ringloop/core/internal';

/** @throws {TypeError} unless `data` is a Uint8Array, which a Buffer is; a string has no bytes until it is encoded */
export function checkBytes(data: unknown): asserts data is Uint8Array {
  if (data instanceof Uint8Array) return;
  throw typeError(`data argument must be a Uint8Array, not ${kindOf(data)}`);
}

/** Not the value itself, which may be long, or secret. */
function kindOf(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? value.constructor.name
    : value === null
      ? 'null'
      : typeof value;
}
