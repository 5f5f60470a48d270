/**
 * What a queue's item and a token's reason are in shared memory: bytes that node:v8 serialized. Errors are sent as they are between
 * loops; what can only be shared, such as a SharedArrayBuffer or an object of ours over one, cannot be bytes.
 */
import { inspect } from 'node:util';
import { DefaultDeserializer, DefaultSerializer } from 'node:v8';
import { CloneError } from '../errors.js';
import { pack, unpack } from '../packing.js';
import { isSendable } from '../sendable.js';

/** @throws {CloneError} when it cannot be sent, or takes more than `mostBytes` */
export function encodeItem(item: unknown, mostBytes: number): Uint8Array {
  let bytes: Uint8Array;
  try {
    const { value, packed } = pack(item);
    const serializer = new CopyingSerializer();
    serializer.writeHeader();
    serializer.writeUint32(Number(packed));
    serializer.writeValue(value);
    bytes = serializer.releaseBuffer();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CloneError(`Cannot send ${nameOf(item)} through shared memory: ${reason}`, { cause });
  }
  if (bytes.byteLength > mostBytes) {
    throw new CloneError(
      `Cannot send ${nameOf(item)} through shared memory: it takes ${bytes.byteLength} bytes, there are ${mostBytes}`,
    );
  }
  return bytes;
}

/** As `encodeItem()`, and a line of text where that throws: a cancellation must arrive, whatever hangs on its reason. */
export function encodeReason(reason: unknown, mostBytes: number): Uint8Array {
  try {
    return encodeItem(reason, mostBytes);
  } catch {
    const text =
      reason instanceof Error ? String(reason) : inspect(reason, { depth: 0, breakLength: Infinity });
    return encodeItem(text.slice(0, mostBytes / 4), mostBytes); // two bytes a character, and a header
  }
}

/** What was encoded. `bytes` are its own from now on. */
export function decodeItem(bytes: Uint8Array): unknown {
  const deserializer = new DefaultDeserializer(bytes);
  deserializer.readHeader();
  const packed = deserializer.readUint32() === 1;
  return unpack({ value: deserializer.readValue(), packed });
}

/** Node's serializer copies a view without the rest of its buffer, and one of shared memory where structured clone would share it. */
class CopyingSerializer extends DefaultSerializer {
  // Called by the engine; Node's types do not know it.
  _writeHostObject(view: NodeJS.ArrayBufferView): void {
    if (view.buffer instanceof SharedArrayBuffer)
      throw new CloneError('a view of shared memory cannot be copied');
    (DefaultSerializer.prototype as unknown as CopyingSerializer)._writeHostObject.call(this, view);
  }
}

function nameOf(item: unknown): string {
  if (typeof item === 'object' && item !== null && isSendable(item)) return `a ${item.constructor.name}`;
  return inspect(item, { depth: 0, breakLength: Infinity, maxStringLength: 40 });
}
