/**
 * Encodes plain values as words. Most arguments are plain, and this is faster than the engine's serializer. Reading
 * gives the same values as structured clone. A value that is not plain, or does not fit, is refused and sent in another
 * way.
 *
 * Each value begins with one word: its tag in the lowest four bits, a small number or a length above them.
 *   INT        the number                     BIGINT   two words: the low and the high half
 *   NUMBER     two words: the float64         BYTES    type << 20 | bytes; the bytes, to a whole word
 *   LATIN1     characters; one byte each      ARRAY    elements; the values
 *   UTF16      characters; two bytes each     OBJECT   words of its shape (key-shapes.ts); these; the values
 *   UTF8       bytes; these
 *
 * plain-writer.ts writes them, plain-reader.ts reads them.
 */

export const UNDEFINED = 0;
export const NULL = 1;
export const FALSE = 2;
export const TRUE = 3;
export const INT = 4;
export const NUMBER = 5;
export const LATIN1 = 6;
export const UTF16 = 7;
export const BIGINT = 8;
export const BYTES = 9;
export const ARRAY = 10;
export const OBJECT = 11;
export const UTF8 = 12;

/** The classes of bytes, by the number of their type. */
export const BYTE_TYPES = [
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
export const ARRAY_BUFFER = BYTE_TYPES.length;

/** A number, and the same memory as two words. */
export const float = new Float64Array(1);
export const floatWords = new Int32Array(float.buffer);
export const big = new BigInt64Array(float.buffer);
