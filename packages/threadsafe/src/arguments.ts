/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices of a record that lies inside its ring */
/**
 * Arguments and results as bytes of a record. Numbers, short Latin-1 strings, booleans, null and undefined are written as
 * they are, without allocating; anything else is structured-cloned, all arguments together; what structured clone can only
 * share, not copy (SharedArrayBuffer, and with it LoopRef), and what is very large goes by the side road.
 *
 * The tags word tells which: four bits an argument, lowest first, 0 for "no more". Each written value takes whole 8-byte
 * units. With SERIALIZED or SIDE, which stand alone, come a length and that many bytes, or a number on the side road.
 */
import { DefaultSerializer, deserialize } from 'node:v8';
import { CloneError } from './errors.js';
import { decodeError, encodeError, type WireError } from './error-codec.js';
import { RECORD_BYTES, type Segment } from './segment.js';

const NUMBER = 1;
const TRUE = 2;
const FALSE = 3;
const NULL = 4;
const UNDEFINED = 5;
const STRING = 6;
const SERIALIZED = 14;
const SIDE = 15;

/** Fits one tags word. */
const MOST_TAGGED = 8;
/** Up to here, a loop over the characters is faster than the serializer. Arbitrary within a factor of two. */
const LONGEST_TAGGED_STRING = 128;
/** Larger than this goes by the side road, lest one call fill the ring. */
const LARGEST_IN_RING = 1 << 20;

/** How a list of arguments will be written: found out before room is claimed. */
export interface Plan {
  readonly tags: number;
  readonly sizeBytes: number;
  /** The serialized arguments, or their number on the side road. */
  readonly rest: Buffer | number | null;
}

type SendAside = (value: unknown) => number;

/** @throws {CloneError} naming the argument that cannot be sent; `what` is what the arguments are of */
export function planArguments(args: readonly unknown[], sendAside: SendAside, what: () => string): Plan {
  return planTagged(args) ?? planSerialized(args, sendAside, what);
}

function planTagged(args: readonly unknown[]): Plan | null {
  if (args.length > MOST_TAGGED) return null;
  let tags = 0;
  let sizeBytes = RECORD_BYTES;
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    const tag = tagOf(arg);
    if (tag === 0) return null;
    tags |= tag << (4 * i);
    if (tag === NUMBER) sizeBytes += 8;
    else if (tag === STRING) sizeBytes += (4 + (arg as string).length + 7) & ~7; // tagOf() said so
  }
  return { tags, sizeBytes, rest: null };
}

function tagOf(arg: unknown): number {
  switch (typeof arg) {
    case 'number':
      return NUMBER;
    case 'boolean':
      return arg ? TRUE : FALSE;
    case 'undefined':
      return UNDEFINED;
    case 'string':
      return isShortLatin1(arg) ? STRING : 0;
    default:
      return arg === null ? NULL : 0;
  }
}

function isShortLatin1(text: string): boolean {
  if (text.length > LONGEST_TAGGED_STRING) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false;
  return true;
}

function planSerialized(args: readonly unknown[], sendAside: SendAside, what: () => string): Plan {
  const wire = args.map(wrapError);
  let bytes: Buffer | null = null;
  try {
    bytes = serialize(wire);
  } catch {
    // It may still be something that can be shared: the side road tells.
  }
  if (bytes !== null && bytes.byteLength <= LARGEST_IN_RING) {
    return { tags: SERIALIZED, sizeBytes: RECORD_BYTES + ((4 + bytes.byteLength + 7) & ~7), rest: bytes };
  }
  try {
    return { tags: SIDE, sizeBytes: RECORD_BYTES + 8, rest: sendAside(wire) };
  } catch (cause) {
    throw whyNot(args, what, cause);
  }
}

function whyNot(args: readonly unknown[], what: () => string, cause: unknown): CloneError {
  const culprit = args.findIndex((arg) => {
    try {
      structuredClone(wrapError(arg));
      return false;
    } catch {
      return true;
    }
  });
  const which = culprit === -1 ? 'the arguments' : `argument ${culprit + 1}`;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CloneError(`Cannot send ${which} of ${what()}: ${reason}`, { cause });
}

/** Writes planned arguments behind the fixed part of the record at word `at`. */
export function writeArguments(segment: Segment, at: number, args: readonly unknown[], plan: Plan): void {
  const { words, bytes } = segment;
  let word = at + RECORD_BYTES / 4;
  if (plan.rest !== null) {
    if (typeof plan.rest === 'number') {
      words[word] = plan.rest;
    } else {
      words[word] = plan.rest.byteLength;
      bytes.set(plan.rest, (word + 1) * 4);
    }
    return;
  }
  for (const arg of args) {
    if (typeof arg === 'number') {
      segment.floats[word >> 1] = arg;
      word += 2;
    } else if (typeof arg === 'string') {
      words[word] = arg.length;
      const start = (word + 1) * 4;
      for (let i = 0; i < arg.length; i++) bytes[start + i] = arg.charCodeAt(i);
      word += ((4 + arg.length + 7) & ~7) >> 2;
    }
  }
}

/** Reads the arguments of the record at word `at`. They are copies: the record may be overwritten afterwards. */
export function readArguments(
  segment: Segment,
  at: number,
  takeAside: (sideNumber: number) => unknown,
): unknown[] {
  const { words, bytes } = segment;
  const tags = words[at + 3]!;
  let word = at + RECORD_BYTES / 4;
  if ((tags & 15) === SERIALIZED) {
    const start = (word + 1) * 4;
    // A copy: what is deserialized may keep pointing into the buffer it came from.
    const copy = Buffer.from(bytes.subarray(start, start + words[word]!));
    return (deserialize(copy) as unknown[]).map(unwrap);
  }
  if ((tags & 15) === SIDE) return (takeAside(words[word]!) as unknown[]).map(unwrap);
  const args: unknown[] = [];
  for (let left = tags; left !== 0; left >>>= 4) {
    const tag = left & 15;
    if (tag === NUMBER) {
      args.push(segment.floats[word >> 1]);
      word += 2;
    } else if (tag === STRING) {
      const start = (word + 1) * 4;
      args.push(bytes.toString('latin1', start, start + words[word]!));
      word += ((4 + words[word]! + 7) & ~7) >> 2;
    } else {
      args.push(tag === UNDEFINED ? undefined : tag === NULL ? null : tag === TRUE);
    }
  }
  return args;
}

/** Node's serializer copies a view of shared memory where structured clone would share it: those take the side road. */
class CopyingSerializer extends DefaultSerializer {
  // Called by the engine; Node's types do not know it.
  _writeHostObject(view: NodeJS.ArrayBufferView): void {
    if (view.buffer instanceof SharedArrayBuffer)
      throw new CloneError('A view of shared memory cannot be copied');
    (DefaultSerializer.prototype as unknown as CopyingSerializer)._writeHostObject.call(this, view);
  }
}

function serialize(value: unknown): Buffer {
  const serializer = new CopyingSerializer();
  serializer.writeHeader();
  serializer.writeValue(value);
  return serializer.releaseBuffer();
}

const WIRE_ERROR = 'ringloop.error';

function wrapError(value: unknown): unknown {
  return value instanceof Error ? { [WIRE_ERROR]: encodeError(value) } : value;
}

function unwrap(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (WIRE_ERROR in value) return decodeError(value[WIRE_ERROR] as WireError); // only wrapError() makes this key
  return value;
}
