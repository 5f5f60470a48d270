import { inspect, types } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { CloneError } from './errors.js';

/** What was marked: the buffers that a value takes along. */
const marks = new WeakMap<object, readonly ArrayBuffer[]>();
/** Until something is marked, nothing need be looked up. */
let isUsed = false;

/**
 * Marks `value` so that the call which sends it takes `transferList` away from this thread: as an argument of a call into
 * another loop or an executor, or as the result of a function called from there. The buffers are detached when the call was accepted, and only
 * then: a call that throws leaves them as they are. A buffer that Node does not let go (one of its pool, or of
 * WebAssembly) is copied.
 *
 *     ref.callSoonThreadsafe(store, transfer(pixels, [pixels.buffer]));
 *
 * @returns `value` itself; the mark lasts until it is sent
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when `value` is no object, or something in the list no ArrayBuffer
 */
export function transfer<T extends object>(value: T, transferList: readonly ArrayBufferLike[]): T {
  if (typeof value !== 'object' || (value as object | null) === null) {
    throw typeError(`value must be an object, got ${inspect(value)}`);
  }
  if (!Array.isArray(transferList)) {
    throw typeError(`transferList must be an array, got ${inspect(transferList)}`);
  }
  for (const buffer of transferList) {
    if (!types.isArrayBuffer(buffer)) {
      throw typeError(
        `transferList must hold nothing but ArrayBuffers, got ${inspect(buffer, { depth: 0 })}`,
      );
    }
  }
  marks.set(value, [...new Set(transferList as readonly ArrayBuffer[])]); // just looked at
  isUsed = true;
  return value;
}

/** What a call takes along; null if nothing of it is marked. @throws {CloneError} when one was taken before */
export function transferredBy(args: readonly unknown[]): readonly ArrayBuffer[] | null {
  if (!isUsed) return null;
  const buffers = args.flatMap((arg) => (isObject(arg) ? (marks.get(arg) ?? []) : []));
  for (const buffer of buffers) {
    if (isDetached(buffer)) throw new CloneError('Cannot transfer an ArrayBuffer that is detached already');
  }
  return buffers.length === 0 ? null : buffers;
}

/** The call was accepted, and its bytes are with the other thread. */
export function takeAway(args: readonly unknown[], buffers: readonly ArrayBuffer[]): void {
  for (const arg of args) if (isObject(arg)) marks.delete(arg);
  for (const buffer of buffers) {
    try {
      // Moves the memory into a buffer that nobody holds.
      structuredClone(buffer, { transfer: [buffer] });
    } catch {
      // Untransferable: the call has been made, and what arrives there is a copy anyway.
    }
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    return new Uint8Array(buffer).length > 0;
  } catch {
    return true;
  }
}
