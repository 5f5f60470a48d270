import { inspect, types } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import type { BufferedProtocol } from './protocol.js';

const CODE = 'ERR_INVALID_RETURN_VALUE';

/**
 * Calls `getBuffer()`. It must not be async; `watch` gets its promise if it is.
 * @throws {TypeError} ERR_INVALID_RETURN_VALUE when it returns nothing to receive into
 */
export function askForBuffer(protocol: BufferedProtocol, watch: (promise: object) => void): Uint8Array {
  const buffer: unknown = protocol.getBuffer(-1); // -1: asyncio, too, has no better hint
  if (buffer instanceof Uint8Array) {
    if (buffer.byteLength > 0) return buffer;
    throw typeError('get_buffer() returned an empty buffer', CODE);
  }
  if (types.isPromise(buffer)) watch(buffer);
  throw typeError(`get_buffer() must return a Uint8Array, got ${inspect(buffer, { depth: 0 })}`, CODE);
}
