/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices of a record that lies inside its ring */
/**
 * Arguments and results as bytes of a record. What is plain is written as words (plain-tags.ts), without allocating. All
 * else is serialized as structured clone does it. What can only be shared, not copied (SharedArrayBuffer, and with it
 * LoopRef), what only Node can clone (survey.ts), and what is very large is posted: by the transfer port between the two threads, or by the
 * broadcast channel where there is none.
 *
 * The tags word of a record says which in its lowest two bits. Behind the fixed part stand
 *   PLAIN       as many values as the bits above say        SERIALIZED  a length in bytes, and these
 *   SIDE        a number on the broadcast channel     ROAD        a number on the transfer port between the two threads (transfer-port.ts)
 * PACKED says of the last three that something in them must be unpacked (packing.ts).
 */
import { types } from 'node:util';
import { Deserializer, Serializer } from 'node:v8';
import type { Transferable } from 'node:worker_threads';
import { cloneFailure, type Sent } from './clone-failure.js';
import { messageOf, pack, packArguments, type Parcel, unpackMessage } from './packing.js';
import { RECORD_BYTES, type Ring, sizeOf } from '../memory/ring.js';
import type { TransferPort } from '../out-of-band/transfer-port.js';
import { mustMove, refuseOthers, transferredBy } from './transfer.js';
import { readValue, readValues } from './plain-reader.js';
import { draft, type HeldDraft, holdDraft, writeDraft, writeHeldDraft } from './plain-writer.js';

const PLAIN = 0;
const SERIALIZED = 1;
const BROADCAST = 2;
const PORT = 3;
const FORM = 3;
const PACKED = 4;
const COUNT_SHIFT = 2;

/** The tags of a record with one plain argument. */
export const ONE_PLAIN = PLAIN | (1 << COUNT_SHIFT);

/** Larger than this goes by the broadcast channel, lest one call fill the ring. */
const LARGEST_IN_RING = 1 << 20;

/** How arguments will be written: found out before room is claimed. The next plan may be the same object. */
export interface Plan {
  readonly tags: number;
  readonly sizeBytes: number;
  /** The serialized arguments; null: they are drafted, or are posted. */
  readonly bytes: Buffer | null;
  /** A draft that was kept, see `keepPlan()`. */
  readonly held: HeldDraft | null;
  /** What is posted, when there is room for the record that says so, and about how large it is. */
  readonly outOfBand: OutOfBand | null;
  /** The transfer port that it is posted by, and what is moved there; null: the broadcast channel. */
  readonly moved: Moved | null;
  /** Buffers to be taken away when the call was accepted. */
  readonly transferred: readonly ArrayBuffer[] | null;
}

/** What is posted. */
export interface OutOfBand {
  readonly value: unknown;
  readonly weightBytes: number;
}

/** On which transfer port, and what is moved there rather than copied. */
export interface Moved {
  readonly port: TransferPort;
  readonly transferList: readonly Transferable[];
}

/** Plans for plain arguments, used again and again: a call of them allocates none. */
const plain = {
  tags: PLAIN,
  sizeBytes: 0,
  bytes: null,
  held: null,
  outOfBand: null,
  moved: null,
  transferred: null as readonly ArrayBuffer[] | null,
};

/**
 * @param sent what the arguments are of
 * @param transfer port where something could be moved, if there is one
 * @throws {CloneError} naming the argument that cannot be sent
 */
export function planArguments(
  args: readonly unknown[],
  sent: Sent,
  port: () => TransferPort | null = (): null => null,
): Plan {
  try {
    // Before drafting: nothing must come between a draft and its being written.
    const taken = transferredBy(args);
    const transferred = taken?.buffers ?? null;
    if (taken !== null && mustMove(taken)) {
      const direct = port();
      if (direct !== null) return planPosted(pack(args), { port: direct, transferList: taken.all }, null);
      refuseOthers(taken);
    }
    const words = draft(args);
    if (words < 0) return planPacked(packArguments(args), transferred, port);
    plain.tags = PLAIN | (args.length << COUNT_SHIFT);
    plain.sizeBytes = (RECORD_BYTES + words * 4 + 7) & ~7;
    plain.transferred = transferred;
    return plain;
  } catch (cause) {
    throw cloneFailure(args, sent, cause);
  }
}

/** The same plan, which lasts: user code may run and make other calls before it is written. */
export function keepPlan(plan: Plan): Plan {
  return plan === plain ? { ...plain, held: holdDraft() } : plan;
}

function planPosted(parcel: Parcel, moved: Moved | null, transferred: readonly ArrayBuffer[] | null): Plan {
  const tags = (moved === null ? BROADCAST : PORT) | packedFlag(parcel);
  const outOfBand = { value: messageOf(parcel), weightBytes: parcel.weightBytes };
  return { tags, sizeBytes: RECORD_BYTES + 8, bytes: null, held: null, outOfBand, moved, transferred };
}

function planPacked(
  parcel: Parcel,
  transferred: readonly ArrayBuffer[] | null,
  port: () => TransferPort | null,
): Plan {
  const bytes = parcel.shares || parcel.holdsNodes ? null : serialize(messageOf(parcel));
  if (bytes !== null && bytes.byteLength <= LARGEST_IN_RING) {
    const sizeBytes = RECORD_BYTES + ((4 + bytes.byteLength + 7) & ~7);
    const tags = SERIALIZED | packedFlag(parcel);
    return { tags, sizeBytes, bytes, held: null, outOfBand: null, moved: null, transferred };
  }
  const direct = port();
  return planPosted(parcel, direct === null ? null : { port: direct, transferList: [] }, transferred);
}

function packedFlag({ wires }: Parcel): number {
  return wires === null ? 0 : PACKED;
}

/** Null: it cannot be serialized. Posting it tells why. */
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
 * Sends what a plan wants sent by the broadcast channel, or by the transfer port. User code may run meanwhile and may call into the same inbox, so claim again.
 * @returns its number there; null where memory was to be moved that Node does not let go: it can be copied
 * @throws {CloneError} naming the argument that cannot be sent
 */
export function sendOutOfBand(
  plan: Plan,
  args: readonly unknown[],
  send: (value: unknown) => number,
  sent: Sent,
): number | null {
  const { outOfBand, moved } = plan;
  if (outOfBand === null) return 0;
  try {
    return moved === null ? send(outOfBand.value) : moved.port.send(outOfBand.value, moved.transferList);
  } catch (cause) {
    const list = moved?.transferList ?? [];
    if (list.length > 0 && list.every((item) => types.isArrayBuffer(item))) return null;
    throw cloneFailure(args, sent, cause, list);
  }
}

/** Writes planned arguments behind the fixed part of the record at word `at`. @param sideNumber as `sendAside()` gave it */
export function writeArguments(ring: Ring, at: number, plan: Plan, messageNumber = 0): void {
  const { words, bytes } = ring;
  const word = at + RECORD_BYTES / 4;
  if (plan.bytes !== null) {
    words[word] = plan.bytes.byteLength;
    bytes.set(plan.bytes, (word + 1) * 4);
  } else if (plan.outOfBand !== null) {
    words[word] = messageNumber;
  } else if (plan.held !== null) writeHeldDraft(ring, word, plan.held);
  else writeDraft(ring, word);
}

/** Takes message `number` from the broadcast channel, or from the transfer port between the two threads. */
export type TakeOutOfBand = (number: number, byPort: boolean) => unknown;

/** Drops what waits elsewhere for a record that will not be read. */
export function dropArguments({ words }: Ring, at: number, takeOutOfBand: TakeOutOfBand): void {
  const form = words[at + 3]! & FORM;
  if (form === BROADCAST || form === PORT) takeOutOfBand(words[at + RECORD_BYTES / 4]!, form === PORT);
}

/** Reads the arguments of the record at word `at`. They are copies: the record may be overwritten afterwards. */
export function readArguments(ring: Ring, at: number, takeOutOfBand: TakeOutOfBand): unknown[] {
  const { words } = ring;
  const tags = words[at + 3]!;
  const word = at + RECORD_BYTES / 4;
  if ((tags & FORM) === PLAIN) return readPlain(ring, at, tags >>> COUNT_SHIFT);
  const value =
    (tags & FORM) === SERIALIZED
      ? deserialize(ring, word)
      : takeOutOfBand(words[word]!, (tags & FORM) === PORT);
  return unpackMessage(value, (tags & PACKED) !== 0) as unknown[]; // arguments are sent as an array
}

/** Reads the argument of the record at word `at`, whose tags are ONE_PLAIN. */
export function readOnlyArgument(ring: Ring, at: number): unknown {
  return readValue(ring, at + RECORD_BYTES / 4, at + sizeOf(ring.words, at) / 4);
}

function readPlain(ring: Ring, at: number, count: number): unknown[] {
  const word = at + RECORD_BYTES / 4;
  return readValues(ring, word, count, at + sizeOf(ring.words, at) / 4);
}

function deserialize(ring: Ring, word: number): unknown {
  const start = (word + 1) * 4;
  const deserializer = new Deserializer(ring.bytes.subarray(start, start + ring.words[word]!));
  deserializer.readHeader();
  return deserializer.readValue();
}
