/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices of a record that lies inside its ring */
/**
 * Encodes arguments and results in a record. Plain values are written as words (plain-tags.ts), without allocating. All
 * other values are serialized as structured clone does it. These are sent out of band: what can only be shared, not
 * copied (SharedArrayBuffer, and a LoopRef, which contains one), what only Node can clone (survey.ts), and what is very
 * large. They go by the transfer port between the two threads, or by the broadcast channel of the inbox if there is no
 * port.
 *
 * The lowest two bits of a record's tags word say which form it has. Behind the fixed part of the record follow
 *   PLAIN        as many values as the higher bits say         SERIALIZED  a length in bytes, and that many bytes
 *   BROADCAST    the number of a message on the channel        PORT        the number of a message on the transfer port
 * The PACKED bit says, for the last three, that the message contains something that must be unpacked (packing.ts).
 *
 * This file defines the format and contains the reading side. argument-plan.ts is the writing side.
 */
import { Deserializer } from 'node:v8';
import { RECORD_BYTES, sizeOf } from '../memory/record.js';
import type { Ring } from '../memory/ring.js';
import { unpackMessage, wiresOf } from './packing.js';
import { readValue, readValues } from './plain-reader.js';
import { tellDropped } from './sendable.js';

export const PLAIN = 0;
export const SERIALIZED = 1;
export const BROADCAST = 2;
export const PORT = 3;
const FORM = 3;
export const PACKED = 4;
export const COUNT_SHIFT = 2;

/** The tags of a record with one plain argument. */
export const ONE_PLAIN = PLAIN | (1 << COUNT_SHIFT);

/**
 * Takes message `number` from the transfer port between the two threads, or from the broadcast channel of the inbox.
 */
export type TakeOutOfBand = (number: number, byPort: boolean) => unknown;

/** Drops the out-of-band message of the record at word `at`, if it has one. The record will not be read. */
export function dropArguments({ words }: Ring, at: number, takeOutOfBand: TakeOutOfBand): void {
  const tags = words[at + 3]!;
  const form = tags & FORM;
  if (form !== BROADCAST && form !== PORT) return;
  const message = takeOutOfBand(words[at + RECORD_BYTES / 4]!, form === PORT);
  if ((tags & PACKED) !== 0) tellDropped(wiresOf(message));
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
  return readValues(ring, at + RECORD_BYTES / 4, count, at + sizeOf(ring.words, at) / 4);
}

function deserialize(ring: Ring, word: number): unknown {
  const start = (word + 1) * 4;
  const deserializer = new Deserializer(ring.bytes.subarray(start, start + ring.words[word]!));
  deserializer.readHeader();
  return deserializer.readValue();
}
