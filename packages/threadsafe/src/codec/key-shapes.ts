/**
 * The keys of plain objects, encoded as whole words. A sender writes the same few shapes again and again, so it encodes
 * their keys once and copies them. A receiver recognizes words that it has seen before and makes no strings for them.
 * Each record contains the words, so the two sides need to agree on nothing, and an unread record loses no state.
 */

import { hashWords } from './word-hash.js';

/** The keys of a plain object, in order. */
export interface KeyShape {
  readonly keys: readonly string[];
  /** The keys as JSON, one byte a character, padded with spaces. */
  readonly words: Int32Array;
}

/**
 * Most keys of a shape. An object with more is probably a dictionary, whose keys are different each time. Arbitrary.
 */
export const MOST_KEYS = 32;
/**
 * Steps and received shapes that are kept; a sender that exceeds the first starts anew. Many different ones are no
 * shapes. Arbitrary.
 */
const MOST_STEPS = 4096;
const ARRIVED = 256;

/** A node of a tree of keys: a walk along the keys of an object leads to its shape. */
class Step {
  readonly #keys: readonly string[];
  readonly #next = new Map<string, Step>();
  /** The key that followed last time; mostly it follows again. */
  #lastKey = '';
  #lastStep: Step | null = null;
  #shape: KeyShape | null | undefined = undefined;

  constructor(keys: readonly string[]) {
    this.#keys = keys;
  }

  to(key: string): Step {
    if (this.#lastStep !== null && this.#lastKey === key) return this.#lastStep;
    let step = this.#next.get(key);
    if (step === undefined) {
      step = new Step([...this.#keys, key]);
      this.#next.set(key, step);
      steps++;
    }
    this.#lastKey = key;
    this.#lastStep = step;
    return step;
  }

  shape(): KeyShape | null {
    if (this.#shape === undefined) this.#shape = makeShape(this.#keys);
    return this.#shape;
  }
}

let steps = 0;
let start = new Step([]);

/**
 * The shape of a plain object, by its own enumerable string keys; null if it cannot be sent as one. Runs no user code.
 */
export function shapeOf(object: object): KeyShape | null {
  if (steps > MOST_STEPS) {
    steps = 0;
    start = new Step([]);
  }
  let step = start;
  let count = 0;
  // Yields own keys only: the caller has checked that nothing enumerable is inherited.
  for (const key in object) {
    if (++count > MOST_KEYS) return null;
    step = step.to(key);
  }
  return step.shape();
}

function makeShape(keys: readonly string[]): KeyShape | null {
  // Assigning a property that Object.prototype has could call a setter, or fail if it is frozen.
  if (keys.some((key) => key in Object.prototype)) return null;
  const json = JSON.stringify(keys);
  if (/[^\0-\xff]/.test(json)) return null;
  const words = new Int32Array((json.length + 3) >> 2);
  Buffer.from(words.buffer).fill(' ').write(json, 'latin1');
  return { keys, words };
}

const arrived: (KeyShape | undefined)[] = new Array<KeyShape | undefined>(ARRIVED).fill(undefined);

/** The keys of the shape whose `count` words begin at `at`. `text` decodes them if they are new. */
export function keysAt(words: Int32Array, at: number, count: number, text: () => string): readonly string[] {
  const place = hashWords(words, at, count) & (ARRIVED - 1);
  const known = arrived[place];
  if (known !== undefined && isSame(known.words, words, at, count)) return known.keys;
  const keys = JSON.parse(text()) as string[]; // makeShape() wrote them
  arrived[place] = { keys, words: words.slice(at, at + count) };
  return keys;
}

function isSame(known: Int32Array, words: Int32Array, at: number, count: number): boolean {
  if (known.length !== count) return false;
  for (let i = 0; i < count; i++) if (known[i] !== words[at + i]) return false;
  return true;
}
