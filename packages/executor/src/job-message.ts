/**
 * What the executor and its threads say to each other. Arguments are copied when they are submitted: a job that waits does
 * not see later changes, and nothing uncloneable is found out when it is too late. Posting copies them once more; the
 * serializer of node:v8 would save that, but refuses SharedArrayBuffers.
 */
import {
  cloneFailure,
  pack,
  type Packed,
  type RemoteId,
  takeAway,
  transferredBy,
  unmark,
} from '@ringloop/threadsafe/internal';

export interface JobRequest extends RemoteId {
  /** An array. */
  readonly args: Packed;
}

export type JobOutcome = { readonly ok: Packed } | { readonly error: Packed };

/** @throws {CloneError} naming the argument that cannot be sent */
export function packArguments(args: readonly unknown[], name: string): Packed {
  try {
    return args.every(isImmutable) ? { value: args, wires: null } : copy(args, args);
  } catch (cause) {
    throw cloneFailure(args, { name }, cause);
  }
}

/** @throws {CloneError} */
export function packResult(value: unknown, name: string): Packed {
  try {
    return isImmutable(value) ? { value, wires: null } : copy(value, [value]);
  } catch (cause) {
    throw cloneFailure([value], `the result of ${name}()`, cause);
  }
}

/** @param marked values that may take buffers along, see `transfer()` */
function copy(message: unknown, marked: readonly unknown[]): Packed {
  const transferred = transferredBy(marked);
  const { value, wires } = pack(message);
  const packed = structuredClone({ value, wires });
  if (transferred !== null) {
    takeAway(transferred.buffers);
    unmark(marked);
  }
  return packed;
}

/** Values that need no copy and can always be sent. */
function isImmutable(value: unknown): boolean {
  return value === null || !['object', 'function', 'symbol'].includes(typeof value);
}
