/**
 * What the executor and its threads say to each other. Arguments are copied when they are submitted: a job that waits does
 * not see later changes, and nothing uncloneable is found out when it is too late. Posting copies them once more; the
 * serializer of node:v8 would save that, but refuses SharedArrayBuffers.
 */
import { CloneError, LoopRef } from '@ringloop/threadsafe';
import {
  decodeError,
  encodeError,
  reviveSendables,
  type RemoteId,
  type WireError,
} from '@ringloop/threadsafe/internal';

export interface JobRequest extends RemoteId {
  readonly args: readonly Packed[];
}

export type JobOutcome = { readonly ok: Packed } | { readonly error: WireError };

/** An argument or result. Structured clone drops the class of errors and LoopRefs, so these say what they are. */
export type Packed =
  | { readonly kind: 'plain'; readonly value: unknown }
  | { readonly kind: 'error'; readonly error: WireError }
  | { readonly kind: 'ref'; readonly wire: object };

/** @throws {CloneError} naming the argument that cannot be sent */
export function packArguments(args: readonly unknown[], name: string): Packed[] {
  try {
    return args.every(isImmutable) ? args.map(pack) : structuredClone(args.map(pack));
  } catch (cause) {
    const culprit = args.findIndex((arg) => !isCloneable(arg));
    const which = culprit === -1 ? 'the arguments' : `argument ${culprit + 1}`;
    throw cannotSend(`${which} of ${name}()`, cause);
  }
}

/** @throws {CloneError} */
export function packResult(value: unknown, name: string): Packed {
  try {
    return isImmutable(value) ? pack(value) : structuredClone(pack(value));
  } catch (cause) {
    throw cannotSend(`the result of ${name}()`, cause);
  }
}

/** What was thrown, or a CloneError about it: a message that cannot be posted would end the thread. */
export function packThrown(thrown: unknown, name: string): WireError {
  try {
    return structuredClone(encodeError(thrown));
  } catch (cause) {
    return encodeError(cannotSend(`what ${name}() threw`, cause));
  }
}

export function unpack(packed: Packed): unknown {
  switch (packed.kind) {
    case 'plain':
      return reviveSendables(packed.value);
    case 'error':
      return decodeError(packed.error);
    case 'ref':
      return LoopRef.fromWire(packed.wire);
  }
}

function pack(value: unknown): Packed {
  if (value instanceof Error) return { kind: 'error', error: encodeError(value) };
  if (value instanceof LoopRef) return { kind: 'ref', wire: value.toWire() };
  return { kind: 'plain', value };
}

/** Values that need no copy and can always be sent. */
function isImmutable(value: unknown): boolean {
  return value === null || !['object', 'function', 'symbol'].includes(typeof value);
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(pack(value));
    return true;
  } catch {
    return false;
  }
}

function cannotSend(what: string, cause: unknown): CloneError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CloneError(`Cannot send ${what}: ${reason}`, { cause });
}
