/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices inside of the draft or of a record */
/**
 * Writes plain values as words: see plain-tags.ts. They are drafted in memory of this thread's own and copied into the ring when there
 * is room: getters run while drafting and must not find a claimed record. Bytes are copied once, from where they are. A draft is used
 * up before the next begins.
 */
import { types } from 'node:util';
import { shapeOf } from './key-shapes.js';
import type { Ring } from '../memory/ring.js';
import { isDetached } from './transfer.js';
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
  OBJECT,
  TRUE,
  UNDEFINED,
  UTF16,
  UTF8,
} from './plain-tags.js';

const TYPED_ARRAY_PROTOTYPE = Object.getPrototypeOf(Uint8Array.prototype) as object;

/** Words of a draft, 16 KiB: beyond that, the serializer is as fast. Room for one more of anything stands behind them. */
const MOST_WORDS = 4096;
const LONGEST_STRING = 4096;
/** More of them go by the broadcast channel. The same as what is serialized; see arguments.ts. */
const MOST_BYTES = (1 << 20) - 64;
/** Characters up to which a loop in JavaScript is faster than a call into the engine. Measured: between 32 and 100. */
export const LONGEST_LOOP = 48;
/** Objects of one draft: each is compared with all before it, lest one that is met twice become two. Arbitrary. */
const MOST_OBJECTS = 32;
/** Elements of one array: to see that there are neither holes nor other properties takes its keys. */
const MOST_ELEMENTS = 256;
/** A 28-bit integer stands beside its tag. */
const LARGEST_INT = 2 ** 27 - 1;
const LARGEST_BIGINT = 2n ** 63n - 1n;

const words = new Int32Array(MOST_WORDS + LONGEST_STRING + 8);
const halves = new Uint16Array(words.buffer);
const bytes = Buffer.from(words.buffer);
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
  return size <= MOST_WORDS || endsInBytes();
}

/** Bytes that come last may be many: nothing has to be drafted behind them. */
function endsInBytes(): boolean {
  if (blobCount === 0) return false;
  return blobWords[blobCount - 1]! + ((blobs[blobCount - 1]!.length + 3) >> 2) === size;
}

/** Copies the draft to the word `at`. */
export function writeDraft(ring: Ring, at: number): void {
  let from = 0;
  for (let i = 0; i < blobCount; i++) {
    const blob = blobs[i]!;
    const start = blobWords[i]!;
    copyWords(ring, at, from, start);
    ring.bytes.set(blob, (at + start) * 4);
    from = start + ((blob.length + 3) >> 2);
  }
  copyWords(ring, at, from, size);
  forgetBlobs();
}

/** A draft in memory of its own. */
export interface HeldDraft {
  readonly words: Int32Array;
  /** What stands at which of its words. */
  readonly blobs: readonly { readonly at: number; readonly bytes: Uint8Array }[];
}

/** Keeps the draft while others are made: copied as it is now, bytes too. */
export function holdDraft(): HeldDraft {
  const held = {
    words: words.slice(0, size), // bytes at its end are no words of it
    blobs: blobs.slice(0, blobCount).map((blob, i) => ({ at: blobWords[i]!, bytes: new Uint8Array(blob!) })),
  };
  forgetBlobs();
  return held;
}

/** Copies a draft that was kept to the word `at`. */
export function writeHeldDraft(ring: Ring, at: number, held: HeldDraft): void {
  ring.words.set(held.words, at);
  for (const blob of held.blobs) ring.bytes.set(blob.bytes, (at + blob.at) * 4);
}

function copyWords(ring: Ring, at: number, from: number, to: number): void {
  const target = ring.words;
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
  if (!writeShortText(words, bytes, size, text)) return putWideString(text);
  size += shortTextWords(text);
  return true;
}

/** Words that a string takes as `writeShortText()` writes it. */
export function shortTextWords(text: string): number {
  return 1 + ((text.length + 3) >> 2);
}

/** Writes a string of at most LONGEST_LOOP characters at the word `at`. False: some are not Latin-1, and it is left unfinished. */
export function writeShortText(to: Int32Array, toBytes: Uint8Array, at: number, text: string): boolean {
  const { length } = text;
  const start = (at + 1) * 4;
  to[at + ((length + 3) >> 2)] = 0; // the padding too is compared where it is looked up: string-cache.ts
  to[at] = (length << 4) | LATIN1;
  let all = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    toBytes[start + i] = code;
    all |= code;
  }
  return all <= 0xff;
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
  if (length > 0 && !isDense(array)) return false;
  if (length === 0 && hasKeys(array)) return false;
  words[size++] = (length << 4) | ARRAY;
  for (let i = 0; i < length; i++) {
    // A getter of another element may have shortened it.
    if (i >= array.length || !put(array[i])) return false;
  }
  return true;
}

/** Indices come first among the keys, in order: with as many keys, and the last index in its place, there is nothing else. */
function isDense(array: readonly unknown[]): boolean {
  const keys = Object.keys(array);
  return keys.length === array.length && keys[array.length - 1] === `${array.length - 1}`;
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
  const { resizable = false, detached = isDetached(buffer) } = buffer as {
    resizable?: boolean; // Node's types of ES2024
    detached?: boolean; // likewise, and Node 20 has it not
  };
  return resizable || detached;
}

function putBytes(type: number, view: ArrayBufferView, length: number): boolean {
  if (length > MOST_BYTES) return false;
  words[size++] = (length << 8) | (type << 4) | BYTES;
  if (length === 0) return true;
  blobs[blobCount] =
    view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  blobWords[blobCount++] = size;
  size += (length + 3) >> 2;
  return true;
}
