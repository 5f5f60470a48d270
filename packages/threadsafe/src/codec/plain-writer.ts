/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices inside of the draft or of a record */
/**
 * Writes plain values as words: see plain-tags.ts. A draft collects them in memory of its own, and they are copied into
 * the ring when there is room. They cannot be written into the ring at once: a getter may run while its object is
 * drafted, and must not find a claimed record. Byte arrays are not drafted, but copied once, from where they are.
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

/**
 * Most words of a draft, 16 KiB: beyond that, the serializer is as fast. The draft has room for one more value of any
 * kind behind them.
 */
const MOST_WORDS = 4096;
const LONGEST_STRING = 4096;
/**
 * Most bytes of one byte array; a larger one is sent out of band. The same limit as for serialized values: see
 * argument-plan.ts.
 */
const MOST_BYTES = (1 << 20) - 64;
/** Characters up to which a loop in JavaScript is faster than a call into the engine. Measured: between 32 and 100. */
export const LONGEST_LOOP = 48;
/**
 * Most objects of one draft. Each is compared with all before it, because an object that occurs twice must arrive as
 * one. Arbitrary.
 */
const MOST_OBJECTS = 32;
/** Most elements of an array: the check for holes and other properties makes a list of its keys. */
const MOST_ELEMENTS = 256;
/** An integer of 28 bits fits in the word of its tag. */
const LARGEST_INT = 2 ** 27 - 1;
const LARGEST_BIGINT = 2n ** 63n - 1n;

/** Plain values on their way into a ring. One draft holds the values of one call at a time. */
export class Draft {
  readonly #words = new Int32Array(MOST_WORDS + LONGEST_STRING + 8);
  readonly #halves = new Uint16Array(this.#words.buffer);
  readonly #bytes = Buffer.from(this.#words.buffer);
  #size = 0;
  readonly #seen: (object | null)[] = [];
  #seenCount = 0;
  /** Byte arrays that `write()` copies, and the word where each begins. */
  readonly #blobs: (Uint8Array | null)[] = [];
  readonly #blobWords: number[] = [];
  #blobCount = 0;

  /**
   * Collects the values. Returns how many words they take, or -1 if not all of them are plain. Throws what a getter
   * throws.
   */
  collect(values: readonly unknown[]): number {
    this.#size = this.#blobCount = 0;
    let isPlain = false;
    try {
      isPlain = this.#putAll(values);
    } finally {
      for (; this.#seenCount > 0; this.#seenCount--) this.#seen[this.#seenCount - 1] = null; // keep no references
      if (!isPlain) this.clear();
    }
    return isPlain ? this.#size : -1;
  }

  /** Drops the references to byte arrays that will not be written. */
  clear(): void {
    for (; this.#blobCount > 0; this.#blobCount--) this.#blobs[this.#blobCount - 1] = null;
  }

  /** Copies the byte arrays as they are now: user code may run before the draft is written, and may change them. */
  freeze(): void {
    for (let i = 0; i < this.#blobCount; i++) this.#blobs[i] = new Uint8Array(this.#blobs[i]!);
  }

  /** Copies the values to the word `at`, and drops the references to them. */
  write(ring: Ring, at: number): void {
    let from = 0;
    for (let i = 0; i < this.#blobCount; i++) {
      const blob = this.#blobs[i]!;
      const start = this.#blobWords[i]!;
      this.#copyWords(ring, at, from, start);
      ring.bytes.set(blob, (at + start) * 4);
      from = start + ((blob.length + 3) >> 2);
    }
    this.#copyWords(ring, at, from, this.#size);
    this.clear();
  }

  #putAll(values: readonly unknown[]): boolean {
    for (const value of values) if (!this.#put(value)) return false;
    return this.#size <= MOST_WORDS || this.#endsInBytes();
  }

  /** Whether the draft ends in a byte array. Then it may exceed MOST_WORDS, because nothing is drafted behind it. */
  #endsInBytes(): boolean {
    if (this.#blobCount === 0) return false;
    return (
      this.#blobWords[this.#blobCount - 1]! + ((this.#blobs[this.#blobCount - 1]!.length + 3) >> 2) ===
      this.#size
    );
  }

  #copyWords(ring: Ring, at: number, from: number, to: number): void {
    const target = ring.words;
    if (to - from > 64) target.set(this.#words.subarray(from, to), at + from);
    else for (let i = from; i < to; i++) target[at + i] = this.#words[i]!;
  }

  #put(value: unknown): boolean {
    if (this.#size > MOST_WORDS) return false;
    switch (typeof value) {
      case 'number':
        this.#putNumber(value);
        return true;
      case 'string':
        return this.#putString(value);
      case 'boolean':
        this.#words[this.#size++] = value ? TRUE : FALSE;
        return true;
      case 'undefined':
        this.#words[this.#size++] = UNDEFINED;
        return true;
      case 'bigint':
        return this.#putBigint(value);
      case 'object':
        if (value !== null) return this.#putObject(value);
        this.#words[this.#size++] = NULL;
        return true;
      default:
        return false;
    }
  }

  #putNumber(value: number): void {
    const int = value | 0;
    if (int === value && int <= LARGEST_INT && int >= -LARGEST_INT && (int !== 0 || 1 / value > 0)) {
      this.#words[this.#size++] = (int << 4) | INT;
      return;
    }
    float[0] = value;
    this.#words[this.#size] = NUMBER;
    this.#words[this.#size + 1] = floatWords[0]!;
    this.#words[this.#size + 2] = floatWords[1]!;
    this.#size += 3;
  }

  #putBigint(value: bigint): boolean {
    if (value > LARGEST_BIGINT || value < -LARGEST_BIGINT) return false;
    big[0] = value;
    this.#words[this.#size] = BIGINT;
    this.#words[this.#size + 1] = floatWords[0]!;
    this.#words[this.#size + 2] = floatWords[1]!;
    this.#size += 3;
    return true;
  }

  #putString(text: string): boolean {
    const { length } = text;
    if (length > LONGEST_STRING) return false;
    if (length > LONGEST_LOOP) return this.#putLongString(text);
    if (!writeShortText(this.#words, this.#bytes, this.#size, text)) return this.#putWideString(text);
    this.#size += shortTextWords(text);
    return true;
  }

  #putLongString(text: string): boolean {
    // UTF-8 cannot encode lone surrogates. The method is of ES2024. Node has it since 20, but the types do not declare
    // it yet.
    if (!(text as string & { isWellFormed(): boolean }).isWellFormed()) return this.#putWideString(text);
    const length = this.#bytes.write(text, (this.#size + 1) * 4, 'utf8');
    this.#words[this.#size] = (length << 4) | UTF8;
    this.#size += 1 + ((length + 3) >> 2);
    return true;
  }

  #putWideString(text: string): boolean {
    const { length } = text;
    const start = (this.#size + 1) * 2;
    for (let i = 0; i < length; i++) this.#halves[start + i] = text.charCodeAt(i);
    this.#words[this.#size] = (length << 4) | UTF16;
    this.#size += 1 + ((length + 1) >> 1);
    return true;
  }

  #putObject(object: object): boolean {
    if (!this.#putSeen(object)) return false;
    if (ArrayBuffer.isView(object)) return this.#putView(object);
    const prototype = prototypeOf(object);
    if (Array.isArray(object)) return prototype === Array.prototype && this.#putArray(object);
    if (prototype === ArrayBuffer.prototype) return types.isArrayBuffer(object) && this.#putBuffer(object);
    if (prototype !== Object.prototype && prototype !== null) return false;
    return !isExotic(object) && this.#putPlain(object);
  }

  /** Notes the object. False: there are too many, or it was noted before, and both must arrive as one object. */
  #putSeen(object: object): boolean {
    if (this.#seenCount === MOST_OBJECTS) return false;
    for (let i = 0; i < this.#seenCount; i++) if (this.#seen[i] === object) return false;
    this.#seen[this.#seenCount++] = object;
    return true;
  }

  #putArray(array: readonly unknown[]): boolean {
    const { length } = array;
    if (length > MOST_ELEMENTS) return false;
    if (length > 0 && !isDense(array)) return false;
    if (length === 0 && hasKeys(array)) return false;
    this.#words[this.#size++] = (length << 4) | ARRAY;
    for (let i = 0; i < length; i++) {
      // A getter of another element may have shortened it.
      if (i >= array.length || !this.#put(array[i])) return false;
    }
    return true;
  }

  #putPlain(object: object): boolean {
    if (hasKeys(Object.prototype)) return false; // somebody has added an enumerable property there
    const shape = shapeOf(object);
    if (shape === null) return false;
    const count = shape.words.length;
    this.#words[this.#size++] = (count << 4) | OBJECT;
    if (this.#size + count > MOST_WORDS) return false;
    for (let i = 0; i < count; i++) this.#words[this.#size++] = shape.words[i]!;
    const { keys } = shape;
    const values = object as Readonly<Record<string, unknown>>; // it has these keys
    for (const key of keys) {
      const value = values[key];
      if (value === undefined && !Object.hasOwn(object, key)) return false; // another property's getter has deleted it
      if (!this.#put(value)) return false;
    }
    return true;
  }

  #putView(view: ArrayBufferView): boolean {
    const { buffer, byteLength } = view;
    if (!types.isArrayBuffer(buffer)) return false; // shared memory
    const own = Buffer.isBuffer(view);
    const type = own ? 0 : byteType(view);
    // Structured clone copies the whole buffer of a view, and two views of one buffer still share it afterwards.
    // Buffers are an exception, because Node cuts them from a pool.
    if (type < 0 || (!own && byteLength !== buffer.byteLength)) return false;
    return (own || this.#putSeen(buffer)) && !isResizable(buffer) && this.#putBytes(type, view, byteLength);
  }

  #putBuffer(buffer: ArrayBuffer): boolean {
    return !isResizable(buffer) && this.#putBytes(ARRAY_BUFFER, new Uint8Array(buffer), buffer.byteLength);
  }

  #putBytes(type: number, view: ArrayBufferView, length: number): boolean {
    if (length > MOST_BYTES) return false;
    this.#words[this.#size++] = (length << 8) | (type << 4) | BYTES;
    if (length === 0) return true;
    this.#blobs[this.#blobCount] =
      view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    this.#blobWords[this.#blobCount++] = this.#size;
    this.#size += (length + 3) >> 2;
    return true;
  }
}

/** How many words a string takes if `writeShortText()` writes it. */
export function shortTextWords(text: string): number {
  return 1 + ((text.length + 3) >> 2);
}

/**
 * Writes a string of at most LONGEST_LOOP characters at the word `at`. False: some characters are not Latin-1, and the
 * string is left unfinished.
 */
export function writeShortText(to: Int32Array, toBytes: Uint8Array, at: number, text: string): boolean {
  const { length } = text;
  const start = (at + 1) * 4;
  to[at + ((length + 3) >> 2)] = 0; // the look-up compares the padding too: string-cache.ts
  to[at] = (length << 4) | LATIN1;
  let all = 0;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    toBytes[start + i] = code;
    all |= code;
  }
  return all <= 0xff;
}

/** Returns undefined for a proxy: it cannot be sent, and its handler may throw, so it must not be asked. */
function prototypeOf(object: object): unknown {
  return types.isProxy(object) ? undefined : Object.getPrototypeOf(object);
}

/**
 * Whether the object is of a built-in class in spite of its prototype. Structured clone looks at what an object is, not
 * at its prototype.
 */
function isExotic(object: object): boolean {
  return Object.prototype.toString.call(object) !== '[object Object]';
}

/**
 * Whether the array has neither holes nor other properties. Indices come first among the keys, in order: so it has none
 * if there are as many keys as elements and the last key is the last index.
 */
function isDense(array: readonly unknown[]): boolean {
  const keys = Object.keys(array);
  return keys.length === array.length && keys[array.length - 1] === `${array.length - 1}`;
}

function hasKeys(object: object): boolean {
  for (const _ in object) return true;
  return false;
}

/** The number of the view's type, whatever its prototype says; -1: the type is not in the list. */
function byteType(view: ArrayBufferView): number {
  // The getter of %TypedArray% returns the name of the class, or undefined for a DataView.
  const name = Reflect.get(TYPED_ARRAY_PROTOTYPE, Symbol.toStringTag, view) as string | undefined;
  if (name === 'Uint8Array') return 0;
  return BYTE_TYPES.findIndex((type) => type.name === (name ?? 'DataView'));
}

/** Whether the buffer is resizable or detached. Both are left to structured clone. */
function isResizable(buffer: ArrayBuffer): boolean {
  const { resizable = false, detached = isDetached(buffer) } = buffer as {
    resizable?: boolean; // Node's types of ES2024
    detached?: boolean; // likewise; Node 20 does not have it
  };
  return resizable || detached;
}
