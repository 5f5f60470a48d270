/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices of a record that lies inside its ring */
/**
 * Arguments and results as bytes of a record. What is plain is written as words (value-tags.ts), without allocating. All
 * else is serialized as structured clone does it. What can only be shared, not copied (SharedArrayBuffer, and with it
 * LoopRef), and what is very large goes by the side road.
 *
 * The tags word of a record says which in its lowest two bits. Behind the fixed part stand
 *   PLAIN       as many values as the bits above say        SERIALIZED  a length in bytes, and these
 *   SIDE        a number on the side road
 * PACKED says of the last two that something in them must be unpacked (packing.ts).
 */
import { Deserializer, Serializer } from 'node:v8';
import { cloneFailure, type Sent } from './clone-failure.js';
import { pack, unpack } from './packing.js';
import { RECORD_BYTES, type Segment, sizeOf } from './segment.js';
import { transferredBy } from './transfer.js';
import { readValue, readValues } from './value-reader.js';
import { draft, writeDraft } from './value-writer.js';

const PLAIN = 0;
const SERIALIZED = 1;
const SIDE = 2;
const FORM = 3;
const PACKED = 4;
const COUNT_SHIFT = 2;

/** The tags of a record with one plain argument. */
export const ONE_PLAIN = PLAIN | (1 << COUNT_SHIFT);

/** Larger than this goes by the side road, lest one call fill the ring. */
const LARGEST_IN_RING = 1 << 20;

/** How arguments will be written: found out before room is claimed. The next plan may be the same object. */
export interface Plan {
  readonly tags: number;
  readonly sizeBytes: number;
  /** The serialized arguments; null: they are drafted, or go by the side road. */
  readonly bytes: Buffer | null;
  /** What goes by the side road, when there is room for the record that says so. */
  readonly aside: { readonly value: unknown } | null;
  /** Buffers to be taken away when the call was accepted. */
  readonly transferred: readonly ArrayBuffer[] | null;
}

/** Plans for plain arguments, used again and again: a call of them allocates none. */
const plain = {
  tags: PLAIN,
  sizeBytes: 0,
  bytes: null,
  aside: null,
  transferred: null as readonly ArrayBuffer[] | null,
};

/**
 * @param sent what the arguments are of
 * @throws {CloneError} naming the argument that cannot be sent
 */
export function planArguments(args: readonly unknown[], sent: Sent): Plan {
  try {
    // Before drafting: nothing must come between a draft and its being written.
    const transferred = transferredBy(args);
    const words = draft(args);
    if (words < 0) return planSerialized(args, transferred);
    plain.tags = PLAIN | (args.length << COUNT_SHIFT);
    plain.sizeBytes = (RECORD_BYTES + words * 4 + 7) & ~7;
    plain.transferred = transferred;
    return plain;
  } catch (cause) {
    throw cloneFailure(args, sent, cause);
  }
}

function planSerialized(args: readonly unknown[], transferred: readonly ArrayBuffer[] | null): Plan {
  const { value, packed } = pack(args);
  const flags = packed ? PACKED : 0;
  const bytes = serialize(value);
  if (bytes !== null && bytes.byteLength <= LARGEST_IN_RING) {
    const sizeBytes = RECORD_BYTES + ((4 + bytes.byteLength + 7) & ~7);
    return { tags: SERIALIZED | flags, sizeBytes, bytes, aside: null, transferred };
  }
  return { tags: SIDE | flags, sizeBytes: RECORD_BYTES + 8, bytes: null, aside: { value }, transferred };
}

/** Null: it cannot be serialized, but perhaps shared. The side road tells. */
function serialize(value: unknown): Buffer | null {
  // Not DefaultSerializer, which has its own ideas of views: this one does what structured clone does.
  const serializer = new Serializer();
  serializer.writeHeader();
  try {
    serializer.writeValue(value);
  } catch {
    return null;
  }
  return serializer.releaseBuffer();
}

/**
 * Sends what a plan wants sent by the side road. User code may run meanwhile and may call into the same inbox, so claim again.
 * @returns its number there
 * @throws {CloneError} naming the argument that cannot be sent
 */
export function sendAside(
  plan: Plan,
  args: readonly unknown[],
  send: (value: unknown) => number,
  sent: Sent,
): number {
  try {
    return send(plan.aside?.value);
  } catch (cause) {
    throw cloneFailure(args, sent, cause);
  }
}

/** Writes planned arguments behind the fixed part of the record at word `at`. @param sideNumber as `sendAside()` gave it */
export function writeArguments(segment: Segment, at: number, plan: Plan, sideNumber = 0): void {
  const { words, bytes } = segment;
  const word = at + RECORD_BYTES / 4;
  if (plan.bytes !== null) {
    words[word] = plan.bytes.byteLength;
    bytes.set(plan.bytes, (word + 1) * 4);
  } else if (plan.aside !== null) {
    words[word] = sideNumber;
  } else {
    writeDraft(segment, word);
  }
}

/** Reads the arguments of the record at word `at`. They are copies: the record may be overwritten afterwards. */
export function readArguments(
  segment: Segment,
  at: number,
  takeAside: (sideNumber: number) => unknown,
): unknown[] {
  const { words } = segment;
  const tags = words[at + 3]!;
  const word = at + RECORD_BYTES / 4;
  if ((tags & FORM) === PLAIN) return readPlain(segment, at, tags >>> COUNT_SHIFT);
  const value = (tags & FORM) === SIDE ? takeAside(words[word]!) : deserialize(segment, word);
  return unpack({ value, packed: (tags & PACKED) !== 0 }) as unknown[]; // arguments are sent as an array
}

/** Reads the argument of the record at word `at`, whose tags are ONE_PLAIN. */
export function readOnlyArgument(segment: Segment, at: number): unknown {
  return readValue(segment, at + RECORD_BYTES / 4, at + sizeOf(segment.words, at) / 4);
}

function readPlain(segment: Segment, at: number, count: number): unknown[] {
  const word = at + RECORD_BYTES / 4;
  return readValues(segment, word, count, at + sizeOf(segment.words, at) / 4);
}

function deserialize(segment: Segment, word: number): unknown {
  const start = (word + 1) * 4;
  const deserializer = new Deserializer(segment.bytes.subarray(start, start + segment.words[word]!));
  deserializer.readHeader();
  return deserializer.readValue();
}
