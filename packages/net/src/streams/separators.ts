import { rangeError, typeError } from '@ringloop/core/internal';
import { checkBytes } from '../sockets/bytes.js';
import type { ByteQueue } from './byte-queue.js';

/** Bytes that are searched for all separators at first; each further step doubles them. Arbitrary. */
const FIRST_STEP = 256;

/** Where a separator was found. */
export interface Found {
  readonly start: number;
  readonly end: number;
}

/** What ends a message: one or several byte strings. */
export class Separators {
  /** The shortest first: of those that end at the same place, it wins. */
  readonly #all: readonly Buffer[];
  readonly shortest: number;
  readonly longest: number;

  /**
   * Copies the separators.
   * @throws {RangeError} when there is none, or one is empty
   * @throws {TypeError} when one is no Uint8Array
   */
  constructor(separator: Uint8Array | readonly Uint8Array[]) {
    const all: readonly unknown[] = Array.isArray(separator) ? separator : [separator];
    this.#all = all.map(copyOf).sort((a, b) => a.length - b.length);
    const [first] = this.#all;
    if (first === undefined) throw rangeError('Separator should contain at least one element');
    if (first.length === 0) throw rangeError('Separator should be at least one-byte string');
    this.shortest = first.length;
    this.longest = this.#all.at(-1)?.length ?? 0;
  }

  /** Finds the separator that ends first, at or behind position `from`. */
  findIn(queue: ByteQueue, from: number): Found | null {
    const [only, second] = this.#all;
    if (only !== undefined && second === undefined) {
      const start = queue.indexOf(only, from);
      return start === -1 ? null : { start, end: start + only.length };
    }
    // In steps: a separator that is nowhere must not cost a search of all bytes each time that another one is near.
    for (let step = FIRST_STEP; ; step *= 2) {
      const until = Math.min(from + step, queue.size);
      const found = this.#firstWithin(queue, from, until);
      if (found !== null || until === queue.size) return found;
      from = Math.max(from, until + 1 - this.longest);
    }
  }

  #firstWithin(queue: ByteQueue, from: number, until: number): Found | null {
    let found: Found | null = null;
    for (const each of this.#all) {
      const start = queue.indexOf(each, from, found === null ? until : found.end - 1);
      if (start !== -1) found = { start, end: start + each.length };
    }
    return found;
  }
}

function copyOf(separator: unknown): Buffer {
  if (typeof separator === 'string') {
    throw typeError(`separator must be bytes, such as Buffer.from(${JSON.stringify(separator)})`);
  }
  checkBytes(separator, 'separator');
  return Buffer.from(separator);
}
