/**
 * The messages between the executor and its threads. Arguments are copied when they are submitted: so a waiting job
 * does not see later changes, and an argument that cannot be cloned is reported at once. Posting copies them once more.
 * The serializer of node:v8 would save that copy, but it refuses SharedArrayBuffers.
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
  /** An array of the arguments. */
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

/** @param marked values that may be marked by `transfer()` to take buffers along */
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
