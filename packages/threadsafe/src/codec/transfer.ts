import { inspect, types } from 'node:util';
import type { Transferable } from 'node:worker_threads';
import { typeError } from '@ringloop/core/internal';
import { CloneError } from '../errors.js';
import { isObject } from './survey.js';

/** Marked values, with the objects that each takes along. */
const marks = new WeakMap<object, readonly Transferable[]>();
/** False until something is marked: then no call needs a lookup. */
let isUsed = false;

/** Memory of this size or more is moved where possible. Copying less takes no longer than the message. Arbitrary. */
const WORTH_MOVING_BYTES = 1 << 16;

/**
 * Marks `value` so that the call which sends it takes `transferList` away from this thread. The value may be an
 * argument of a call into another loop or an executor, or the result of a function called from there. `ArrayBuffer`s
 * are detached only when the call was accepted: a call that throws leaves them as they are. A buffer that Node cannot
 * transfer (one of its pool, or of WebAssembly) is copied. Other objects that `postMessage()` can transfer, for example
 * a `MessagePort`, can be moved between a thread and the loops that it has spawned, and between loops of a group.
 *
 *     ref.callSoonThreadsafe(store, transfer(pixels, [pixels.buffer]));
 *
 * @returns `value` itself; the mark lasts until it is sent
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when `value` is no object, or something in the list cannot be transferred
 */
export function transfer<T extends object>(
  value: T,
  transferList: readonly (ArrayBufferLike | Transferable)[],
): T {
  if (typeof value !== 'object' || (value as object | null) === null) {
    throw typeError(`value must be an object, got ${inspect(value)}`);
  }
  if (!Array.isArray(transferList)) {
    throw typeError(`transferList must be an array, got ${inspect(transferList)}`);
  }
  for (const item of transferList as unknown[]) {
    if (!canBeTransferred(item)) {
      throw typeError(
        `transferList must hold ArrayBuffers, MessagePorts and the like, got ${inspect(item, { depth: 0 })}`,
      );
    }
  }
  marks.set(value, [...new Set(transferList as readonly Transferable[])]); // checked above
  isUsed = true;
  return value;
}

/** The objects that a call takes along. */
export interface Transferred {
  readonly all: readonly Transferable[];
  readonly buffers: readonly ArrayBuffer[];
}

/**
 * The objects that `args` take along; null if nothing is marked. @throws {CloneError} when one was transferred before
 */
export function transferredBy(args: readonly unknown[]): Transferred | null {
  if (!isUsed) return null;
  const all = args.flatMap((arg) => (isObject(arg) ? (marks.get(arg) ?? []) : []));
  if (all.length === 0) return null;
  const buffers = all.filter((item) => types.isArrayBuffer(item));
  for (const buffer of buffers) {
    if (isDetached(buffer)) throw new CloneError('Cannot transfer an ArrayBuffer that is detached already');
  }
  return { all: [...new Set(all)], buffers };
}

/** Whether the call should be sent by a transfer port, if there is one. */
export function mustMove({ all, buffers }: Transferred): boolean {
  if (buffers.length < all.length) return true;
  return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0) >= WORTH_MOVING_BYTES;
}

/** For calls without a transfer port. @throws {CloneError} when something must be moved because it cannot be copied */
export function refuseOthers({ all }: Transferred): void {
  for (const item of all) {
    if (types.isArrayBuffer(item)) continue;
    throw new CloneError(
      `${item.constructor.name} can only be moved between a thread and the loops it has spawned, and between those`,
    );
  }
}

/** Removes the marks of values that were sent: a mark is for one call. */
export function unmark(args: readonly unknown[]): void {
  for (const arg of args) if (isObject(arg)) marks.delete(arg);
}

/** Detaches the buffers. Call it once the call was accepted: the other thread has a copy of the bytes. */
export function takeAway(buffers: readonly ArrayBuffer[]): void {
  for (const buffer of buffers) {
    try {
      // Moves the memory into a buffer that nobody refers to.
      structuredClone(buffer, { transfer: [buffer] });
    } catch {
      // The buffer cannot be transferred. This is safe to ignore: the call was made, and the receiver has a copy.
    }
  }
}

/**
 * Rejects early what can certainly not be transferred; sending finds the rest. Views are a common mistake: their buffer
 * is meant.
 */
function canBeTransferred(item: unknown): boolean {
  if (!isObject(item) || types.isSharedArrayBuffer(item) || ArrayBuffer.isView(item)) return false;
  const prototype: unknown = Object.getPrototypeOf(item);
  return prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null;
}

/** Whether the buffer was transferred. Node 20 has no property for this. */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    return new Uint8Array(buffer).length > 0;
  } catch {
    return true;
  }
}
