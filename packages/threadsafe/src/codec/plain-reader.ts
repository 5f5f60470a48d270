/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices inside of the draft or of a record */
/** Reads what plain-writer.ts has written. Others may have corrupted the ring, so nothing beyond the record is read. */
import { keysAt } from './key-shapes.js';
import type { Ring } from '../memory/ring.js';
import { cachedString } from './string-cache.js';
import {
  ARRAY,
  ARRAY_BUFFER,
  big,
  BIGINT,
  BYTE_TYPES,
  BYTES,
  FALSE,
  float,
  floatWords,
  INT,
  LATIN1,
  NULL,
  NUMBER,
  TRUE,
  UNDEFINED,
  UTF16,
  UTF8,
} from './plain-tags.js';

type ViewClass = new (buffer: ArrayBuffer) => ArrayBufferView;

/** Index of the word where the next value begins. */
let position = 0;

/** Index of the word behind the record: nothing is read from there on. */
let limit = 0;

/**
 * Reads `count` values from the word `at` of a record that ends at `end`.
 * @throws {RangeError} when they reach beyond it
 */
export function readValues(ring: Ring, at: number, count: number, end: number): unknown[] {
  position = at;
  limit = Math.min(end, ring.words.length);
  needWords(count); // each has at least one
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) values.push(take(ring));
  return values;
}

/** Reads the value at the word `at` of a record that ends at `end`. @throws {RangeError} when it reaches beyond it */
export function readValue(ring: Ring, at: number, end: number): unknown {
  position = at;
  limit = Math.min(end, ring.words.length);
  return take(ring);
}

function needWords(count: number): void {
  if (count > limit - position) throw new RangeError('The arguments of a record reach beyond its end');
}

function take(ring: Ring): unknown {
  needWords(1);
  const head = ring.words[position++]!;
  switch (head & 15) {
    case UNDEFINED:
      return undefined;
    case NULL:
      return null;
    case FALSE:
      return false;
    case TRUE:
      return true;
    case INT:
      return head >> 4;
    case NUMBER:
      takeFloat(ring);
      return float[0];
    case BIGINT:
      takeFloat(ring);
      return big[0];
    case LATIN1:
      return takeLatin1(ring, head >>> 4);
    case UTF16:
      return takeText(ring, 'utf16le', (head >>> 4) * 2);
    case UTF8:
      return takeText(ring, 'utf8', head >>> 4);
    case BYTES:
      return takeBytes(ring, (head >>> 4) & 15, head >>> 8);
    case ARRAY: {
      needWords(head >>> 4);
      const array: unknown[] = [];
      for (let left = head >>> 4; left > 0; left--) array.push(take(ring));
      return array;
    }
    default:
      return takeObject(ring, head >>> 4);
  }
}

function takeFloat(ring: Ring): void {
  needWords(2);
  floatWords[0] = ring.words[position]!;
  floatWords[1] = ring.words[position + 1]!;
  position += 2;
}

function takeLatin1(ring: Ring, length: number): string {
  const at = position;
  const count = (length + 3) >> 2;
  needWords(count);
  position += count;
  return cachedString(ring, at, count, length);
}

function takeText(ring: Ring, encoding: 'utf16le' | 'utf8', length: number): string {
  needWords((length + 3) >> 2);
  const start = position * 4;
  position += (length + 3) >> 2;
  return ring.bytes.toString(encoding, start, start + length);
}

function takeBytes(ring: Ring, type: number, length: number): ArrayBufferView | ArrayBuffer {
  needWords((length + 3) >> 2);
  const start = position * 4;
  position += (length + 3) >> 2;
  const copy = ring.plainBytes.slice(start, start + length); // never shared
  if (type === 0) return copy;
  // putBytes() wrote the number of a type
  return type === ARRAY_BUFFER ? copy.buffer : new (BYTE_TYPES[type] as ViewClass)(copy.buffer);
}

function takeObject(ring: Ring, count: number): object {
  needWords(count);
  const at = position;
  position += count;
  const keys = keysAt(ring.words, at, count, () => ring.bytes.toString('latin1', at * 4, (at + count) * 4));
  const object: Record<string, unknown> = {};
  for (const key of keys) object[key] = take(ring);
  return object;
}
