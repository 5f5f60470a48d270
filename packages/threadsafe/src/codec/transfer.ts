import { inspect, types } from 'node:util';
import type { Transferable } from 'node:worker_threads';
import { typeError } from '@ringloop/core/internal';
import { CloneError } from '../errors.js';

/** What was marked: what a value takes along. */
const marks = new WeakMap<object, readonly Transferable[]>();
/** Until something is marked, nothing need be looked up. */
let isUsed = false;

/** From so many bytes on memory is moved where it can be: copying less takes no longer than the message. Arbitrary. */
const WORTH_MOVING_BYTES = 1 << 16;

/**
 * Marks `value` so that the call which sends it takes `transferList` away from this thread: as an argument of a call into
 * another loop or an executor, or as the result of a function called from there. `ArrayBuffer`s are detached when the call was accepted, and only
 * then: a call that throws leaves them as they are. A buffer that Node does not let go (one of its pool, or of
 * WebAssembly) is copied. Other objects that `postMessage()` can transfer, a `MessagePort` for example, can be moved between a thread
 * and the loops that it has spawned, and between loops of a group.
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
  marks.set(value, [...new Set(transferList as readonly Transferable[])]); // just looked at
  isUsed = true;
  return value;
}

/** What a call takes along. */
export interface Transferred {
  readonly all: readonly Transferable[];
  readonly buffers: readonly ArrayBuffer[];
}

/** Null if nothing of it is marked. @throws {CloneError} when one was taken before */
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

/** Whether it should go by a transfer port, if there is one. */
export function mustMove({ all, buffers }: Transferred): boolean {
  if (buffers.length < all.length) return true;
  return buffers.reduce((sum, { byteLength }) => sum + byteLength, 0) >= WORTH_MOVING_BYTES;
}

/** Where there is no transfer port. @throws {CloneError} when there is something that cannot be copied instead */
export function refuseOthers({ all }: Transferred): void {
  for (const item of all) {
    if (types.isArrayBuffer(item)) continue;
    throw new CloneError(
      `${item.constructor.name} can only be moved between a thread and the loops it has spawned, and between those`,
    );
  }
}

/** The values were sent: their marks were for one call. */
export function unmark(args: readonly unknown[]): void {
  for (const arg of args) if (isObject(arg)) marks.delete(arg);
}

/** The call was accepted, and a copy of these bytes is with the other thread. */
export function takeAway(buffers: readonly ArrayBuffer[]): void {
  for (const buffer of buffers) {
    try {
      // Moves the memory into a buffer that nobody holds.
      structuredClone(buffer, { transfer: [buffer] });
    } catch {
      // Untransferable: the call has been made, and what arrives there is a copy anyway.
    }
  }
}

/** What certainly is none is found out at once; of the rest, sending tells. Views are a common mistake: their buffer is meant. */
function canBeTransferred(item: unknown): boolean {
  if (!isObject(item) || types.isSharedArrayBuffer(item) || ArrayBuffer.isView(item)) return false;
  const prototype: unknown = Object.getPrototypeOf(item);
  return prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Node 20 has no property that tells. */
export function isDetached(buffer: ArrayBuffer): boolean {
  if (buffer.byteLength > 0) return false;
  try {
    return new Uint8Array(buffer).length > 0;
  } catch {
    return true;
  }
}
