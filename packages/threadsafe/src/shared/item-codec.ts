/**
 * Encodes a queue's items and a token's reason for shared memory, as bytes of the node:v8 serializer. Errors are sent
 * as they are between loops. Shared memory, such as a SharedArrayBuffer or an object of ours over one, cannot be bytes
 * and is refused.
 */
import { types } from 'node:util';
import { Deserializer, Serializer } from 'node:v8';
import { inspectSafely } from '@ringloop/core/internal';
import { messageOf as reasonOf } from '../codec/clone-failure.js';
import { describeThrown, looksLikeError } from '../codec/error-codec.js';
import { CloneError } from '../errors.js';
import { messageOf, pack, unpackMessage } from '../codec/packing.js';
import { isSendable } from '../codec/sendable.js';
import { isObject } from '../codec/survey.js';

/** Encodes an item. @throws {CloneError} when it cannot be sent, or takes more than `mostBytes` */
export function encodeItem(item: unknown, mostBytes: number): Uint8Array {
  let bytes: Uint8Array;
  try {
    const parcel = pack(item, 'bytes');
    if (parcel.shares) throw new CloneError('shared memory cannot be copied');
    if (parcel.holdsNodes) {
      structuredClone(messageOf(parcel)); // throws the better message if it cannot be cloned at all
      throw new CloneError('only Node can clone it, and not to bytes');
    }
    const serializer = new Serializer();
    serializer.writeHeader();
    serializer.writeUint32(Number(parcel.wires !== null));
    serializer.writeValue(messageOf(parcel));
    bytes = serializer.releaseBuffer();
  } catch (cause) {
    throw new CloneError(`Cannot send ${nameOf(item)} through shared memory: ${reasonOf(cause)}`, {
      cause,
    });
  }
  if (bytes.byteLength > mostBytes) {
    throw new CloneError(
      `Cannot send ${nameOf(item)} through shared memory: it takes ${bytes.byteLength} bytes, there are ${mostBytes}`,
    );
  }
  return bytes;
}

/** As `encodeItem()`, but falls back to a line of text: a cancellation must arrive, whatever its reason is. */
export function encodeReason(reason: unknown, mostBytes: number): Uint8Array {
  try {
    return encodeItem(reason, mostBytes);
  } catch {
    const described = looksLikeError(reason) ? describeThrown(reason) : null;
    const text =
      described === null
        ? inspectSafely(reason, { depth: 0, breakLength: Infinity })
        : `${described.name}: ${described.message}`;
    return encodeItem(text.slice(0, mostBytes / 4), mostBytes); // two bytes a character, and a header
  }
}

/** Decodes an item. The result may keep parts of `bytes`, so nobody else may use them afterwards. */
export function decodeItem(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  const isPacked = deserializer.readUint32() === 1;
  return unpackMessage(deserializer.readValue(), isPacked);
}

function nameOf(item: unknown): string {
  if (isObject(item) && !types.isProxy(item) && isSendable(item)) return `a ${item.constructor.name}`;
  return inspectSafely(item, { depth: 0, breakLength: Infinity, maxStringLength: 40 });
}
