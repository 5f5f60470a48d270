/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices inside of the draft or of a record */
/**
 * Plain values as words: what most arguments are, written faster than the engine's serializer does it, and read to the same
 * values that structured clone gives. What is not plain, or more than fits, is refused, and somebody else sends it.
 *
 * Each value begins with one word: its tag in the lowest four bits, a small number or a length above them.
 *   INT        the number                     BIGINT   two words: the low and the high half
 *   NUMBER     two words: the float64         BYTES    type << 20 | bytes; the bytes, to a whole word
 *   LATIN1     characters; one byte each      ARRAY    elements; the values
 *   UTF16      characters; two bytes each     OBJECT   words of its shape (shapes.ts); these; the values
 *   UTF8       bytes; these
 *
 * Values are drafted in memory of this thread's own and copied into the ring when there is room: getters run while drafting
 * and must not find a claimed record. Bytes are copied once, from where they are. A draft is used up before the next begins.
 */
import { types } from 'node:util';
import { keysAt, shapeOf } from './shapes.js';
import type { Segment } from './segment.js';

const UNDEFINED = 0;
const NULL = 1;
const FALSE = 2;
const TRUE = 3;
const INT = 4;
const NUMBER = 5;
const LATIN1 = 6;
const UTF16 = 7;
const BIGINT = 8;
const BYTES = 9;
const ARRAY = 10;
const OBJECT = 11;
const UTF8 = 12;

/** Words of a draft, 16 KiB: beyond that, the serializer is as fast. Room for one more of anything stands behind them. */
const MOST_WORDS = 4096;
const LONGEST_STRING = 4096;
/** Characters up to which a loop in JavaScript is faster than a call into the engine. Measured: between 32 and 100. */
const LONGEST_LOOP = 48;
/** Objects of one draft: each is compared with all before it, lest one that is met twice become two. Arbitrary. */
const MOST_OBJECTS = 32;
/** Elements of one array: to see that there are neither holes nor other properties takes its keys. */
const MOST_ELEMENTS = 256;
/** A 28-bit integer stands beside its tag. */
const LARGEST_INT = 2 ** 27 - 1;
const LARGEST_BIGINT = 2n ** 63n - 1n;

/** By the number of their type: what bytes can arrive as. */
const BYTE_TYPES = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
] as const;
type ViewClass = new (buffer: ArrayBuffer) => ArrayBufferView;
const ARRAY_BUFFER = BYTE_TYPES.length;
const TYPED_ARRAY_PROTOTYPE = Object.getPrototypeOf(Uint8Array.prototype) as object;

const words = new Int32Array(MOST_WORDS + LONGEST_STRING + 8);
const halves = new Uint16Array(words.buffer);
const bytes = Buffer.from(words.buffer);
const float = new Float64Array(1);
const floatWords = new Int32Array(float.buffer);
const big = new BigInt64Array(float.buffer);

let size = 0;
let drafting = false;
const seen: (object | null)[] = [];
let seenCount = 0;
/** Bytes that writeDraft() fills in, and the word where each begins. */
const blobs: (Uint8Array | null)[] = [];
const blobWords: number[] = [];
let blobCount = 0;

/** Words that the values take, or -1 where they are not plain. Throws what a getter throws. */
export function draft(values: readonly unknown[]): number {
  if (drafting) return -1; // called by a getter of what is being drafted
  drafting = true;
  size = blobCount = 0;
  let isPlain = false;
  try {
    isPlain = putAll(values);
  } finally {
    drafting = false;
    for (; seenCount > 0; seenCount--) seen[seenCount - 1] = null; // the caller's objects are not ours to keep
    if (!isPlain) forgetBlobs();
  }
  return isPlain ? size : -1;
}

/** Lets go of a draft that will not be written. */
export function forgetBlobs(): void {
  for (; blobCount > 0; blobCount--) blobs[blobCount - 1] = null;
}

function putAll(values: readonly unknown[]): boolean {
  for (const value of values) if (!put(value)) return false;
  return size <= MOST_WORDS;
}

/** Copies the draft to the word `at`. */
export function writeDraft(segment: Segment, at: number): void {
  let from = 0;
  for (let i = 0; i < blobCount; i++) {
    const blob = blobs[i]!;
    const start = blobWords[i]!;
    copyWords(segment, at, from, start);
    segment.bytes.set(blob, (at + start) * 4);
    from = start + ((blob.length + 3) >> 2);
  }
  copyWords(segment, at, from, size);
  forgetBlobs();
}

function copyWords(segment: Segment, at: number, from: number, to: number): void {
  const target = segment.words;
  if (to - from > 64) target.set(words.subarray(from, to), at + from);
  else for (let i = from; i < to; i++) target[at + i] = words[i]!;
}

function put(value: unknown): boolean {
  if (size > MOST_WORDS) return false;
  switch (typeof value) {
    case 'number':
      putNumber(value);
      return true;
    case 'string':
      return putString(value);
    case 'boolean':
      words[size++] = value ? TRUE : FALSE;
      return true;
    case 'undefined':
      words[size++] = UNDEFINED;
      return true;
    case 'bigint':
      return putBigint(value);
    case 'object':
      if (value !== null) return putObject(value);
      words[size++] = NULL;
      return true;
    default:
      return false;
  }
}

function putNumber(value: number): void {
  const int = value | 0;
  if (int === value && int <= LARGEST_INT && int >= -LARGEST_INT && (int !== 0 || 1 / value > 0)) {
    words[size++] = (int << 4) | INT;
    return;
  }
  float[0] = value;
  words[size] = NUMBER;
  words[size + 1] = floatWords[0]!;
  words[size + 2] = floatWords[1]!;
  size += 3;
}

function putBigint(value: bigint): boolean {
  if (value > LARGEST_BIGINT || value < -LARGEST_BIGINT) return false;
  big[0] = value;
  words[size] = BIGINT;
  words[size + 1] = floatWords[0]!;
  words[size + 2] = floatWords[1]!;
  size += 3;
  return true;
}

function putString(text: string): boolean {
  const { length } = text;
  if (length > LONGEST_STRING) return false;
  if (length > LONGEST_LOOP) return putLongString(text);
  const start = (size + 1) * 4;
  const end = size + 1 + ((length + 3) >> 2);
  words[end - 1] = 0; // the padding too is compared, where short strings are looked up
  let all = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    bytes[start + i] = code;
    all |= code;
  }
  if (all > 0xff) return putWideString(text);
  words[size] = (length << 4) | LATIN1;
  size = end;
  return true;
}

function putLongString(text: string): boolean {
  // UTF-8 has no lone surrogates. ES2024, and in Node since 20: the types do not know it yet.
  if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) return putWideString(text);
  const length = bytes.write(text, (size + 1) * 4, 'utf8');
  words[size] = (length << 4) | UTF8;
  size += 1 + ((length + 3) >> 2);
  return true;
}

function putWideString(text: string): boolean {
  const { length } = text;
  const start = (size + 1) * 2;
  for (let i = 0; i < length; i++) halves[start + i] = text.charCodeAt(i);
  words[size] = (length << 4) | UTF16;
  size += 1 + ((length + 1) >> 1);
  return true;
}

function putObject(object: object): boolean {
  if (!putSeen(object)) return false;
  if (ArrayBuffer.isView(object)) return putView(object);
  const prototype = prototypeOf(object);
  if (Array.isArray(object)) return prototype === Array.prototype && putArray(object);
  if (prototype === ArrayBuffer.prototype) return types.isArrayBuffer(object) && putBuffer(object);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return !isExotic(object) && putPlain(object);
}

/** A proxy's handler may throw, and must not be asked: what it stands for cannot be sent. */
function prototypeOf(object: object): unknown {
  return types.isProxy(object) ? undefined : Object.getPrototypeOf(object);
}

/** Whether it has more to it than its prototype says: structured clone looks at what an object is, not at its prototype. */
function isExotic(object: object): boolean {
  return Object.prototype.toString.call(object) !== '[object Object]';
}

/** False: it was there before, and must arrive as one. */
function putSeen(object: object): boolean {
  if (seenCount === MOST_OBJECTS) return false;
  for (let i = 0; i < seenCount; i++) if (seen[i] === object) return false;
  seen[seenCount++] = object;
  return true;
}

function putArray(array: readonly unknown[]): boolean {
  const { length } = array;
  if (length > MOST_ELEMENTS) return false;
  if (length > 0 && Object.keys(array).length !== length) return false;
  if (length === 0 && hasKeys(array)) return false;
  words[size++] = (length << 4) | ARRAY;
  for (let i = 0; i < length; i++) {
    // A getter of another element may have shortened it.
    if (i >= array.length || !put(array[i])) return false;
  }
  return true;
}

function putPlain(object: object): boolean {
  if (hasKeys(Object.prototype)) return false; // somebody made something enumerable there
  const shape = shapeOf(object);
  if (shape === null) return false;
  const count = shape.words.length;
  words[size++] = (count << 4) | OBJECT;
  if (size + count > MOST_WORDS) return false;
  for (let i = 0; i < count; i++) words[size++] = shape.words[i]!;
  const { keys } = shape;
  const values = object as Readonly<Record<string, unknown>>; // it has these keys
  for (const key of keys) {
    const value = values[key];
    if (value === undefined && !Object.hasOwn(object, key)) return false; // a getter of another has deleted it
    if (!put(value)) return false;
  }
  return true;
}

function hasKeys(object: object): boolean {
  for (const _ in object) return true;
  return false;
}

function putView(view: ArrayBufferView): boolean {
  const { buffer, byteLength } = view;
  if (!types.isArrayBuffer(buffer)) return false; // shared memory
  const own = Buffer.isBuffer(view);
  const type = own ? 0 : byteType(view);
  // Structured clone copies the whole buffer, and two views of one remain views of one. But Node cuts Buffers from a pool.
  if (type < 0 || (!own && byteLength !== buffer.byteLength)) return false;
  return (own || putSeen(buffer)) && !isResizable(buffer) && putBytes(type, view, byteLength);
}

/** What a view is, whatever its prototype says; -1 for a type that is not in the list. */
function byteType(view: ArrayBufferView): number {
  const name = Reflect.get(TYPED_ARRAY_PROTOTYPE, Symbol.toStringTag, view) as string | undefined; // its getter's
  if (name === 'Uint8Array') return 0;
  return BYTE_TYPES.findIndex((type) => type.name === (name ?? 'DataView'));
}

function putBuffer(buffer: ArrayBuffer): boolean {
  return !isResizable(buffer) && putBytes(ARRAY_BUFFER, new Uint8Array(buffer), buffer.byteLength);
}

/** Detached ones too: both are left to structured clone. */
function isResizable(buffer: ArrayBuffer): boolean {
  const { resizable = false, detached = buffer.byteLength === 0 } = buffer as {
    resizable?: boolean; // Node's types of ES2024
    detached?: boolean;
  };
  return resizable || detached;
}

function putBytes(type: number, view: ArrayBufferView, length: number): boolean {
  if (size + (length >> 2) >= MOST_WORDS) return false;
  words[size++] = (length << 8) | (type << 4) | BYTES;
  if (length === 0) return true;
  blobs[blobCount] =
    view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  blobWords[blobCount++] = size;
  size += (length + 3) >> 2;
  return true;
}

/** Where the next value begins. */
let position = 0;

/** The word behind the record: nothing is read from there on. */
let limit = 0;

/** Reads `count` values from the word `at` of a record that ends at `end`. @throws {RangeError} when they reach beyond it */
export function readValues(segment: Segment, at: number, count: number, end: number): unknown[] {
  position = at;
  limit = Math.min(end, segment.words.length);
  needWords(count); // each has at least one
  const values: unknown[] = [];
  for (let i = 0; i < count; i++) values.push(take(segment));
  return values;
}

function needWords(count: number): void {
  if (count > limit - position) throw new RangeError('The arguments of a record reach beyond its end');
}

function take(segment: Segment): unknown {
  needWords(1);
  const head = segment.words[position++]!;
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
      takeFloat(segment);
      return float[0];
    case BIGINT:
      takeFloat(segment);
      return big[0];
    case LATIN1:
      return takeText(segment, 'latin1', head >>> 4);
    case UTF16:
      return takeText(segment, 'utf16le', (head >>> 4) * 2);
    case UTF8:
      return takeText(segment, 'utf8', head >>> 4);
    case BYTES:
      return takeBytes(segment, (head >>> 4) & 15, head >>> 8);
    case ARRAY: {
      needWords(head >>> 4);
      const array: unknown[] = [];
      for (let left = head >>> 4; left > 0; left--) array.push(take(segment));
      return array;
    }
    default:
      return takeObject(segment, head >>> 4);
  }
}

function takeFloat(segment: Segment): void {
  needWords(2);
  floatWords[0] = segment.words[position]!;
  floatWords[1] = segment.words[position + 1]!;
  position += 2;
}

function takeText(segment: Segment, encoding: 'latin1' | 'utf16le' | 'utf8', length: number): string {
  needWords((length + 3) >> 2);
  const start = position * 4;
  position += (length + 3) >> 2;
  return segment.bytes.toString(encoding, start, start + length);
}

function takeBytes(segment: Segment, type: number, length: number): ArrayBufferView | ArrayBuffer {
  needWords((length + 3) >> 2);
  const start = position * 4;
  position += (length + 3) >> 2;
  const copy = new Uint8Array(length);
  copy.set(segment.bytes.subarray(start, start + length));
  if (type === 0) return copy;
  return type === ARRAY_BUFFER ? copy.buffer : new (BYTE_TYPES[type] as ViewClass)(copy.buffer); // putBytes() wrote its number
}

function takeObject(segment: Segment, count: number): object {
  needWords(count);
  const at = position;
  position += count;
  const keys = keysAt(segment.words, at, count, () =>
    segment.bytes.toString('latin1', at * 4, (at + count) * 4),
  );
  const object: Record<string, unknown> = {};
  for (const key of keys) object[key] = take(segment);
  return object;
}
