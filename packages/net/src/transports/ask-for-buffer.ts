import { inspect, types } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import type { BufferedProtocol } from './protocol.js';
import type { ProtocolErrors } from './protocol-errors.js';

const CODE = 'ERR_INVALID_RETURN_VALUE';

/**
 * Calls `getBuffer()`. It must not be async; if it is, its promise is watched.
 * @throws {TypeError} ERR_INVALID_RETURN_VALUE when it returns nothing to receive into
 */
export function askForBuffer(protocol: BufferedProtocol, errors: ProtocolErrors): Uint8Array {
  const buffer: unknown = protocol.getBuffer(-1); // -1: asyncio, too, has no better hint
  if (types.isUint8Array(buffer)) {
    if (buffer.byteLength > 0) return buffer;
    throw typeError('get_buffer() returned an empty buffer', CODE);
  }
  if (types.isPromise(buffer)) errors.watch(buffer, 'protocol.get_buffer() failed');
  throw typeError(`get_buffer() must return a Uint8Array, got ${inspect(buffer, { depth: 0 })}`, CODE);
}
