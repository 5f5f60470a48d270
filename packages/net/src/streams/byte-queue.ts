/** Chunks below this many bytes are copied into shared blocks; larger ones are kept as they are. Arbitrary. */
const LEAST_KEPT = 1024;

/** Bytes of a block that collects small chunks: a peer that sends byte by byte must not cost an object for each. Arbitrary. */
const BLOCK_BYTES = 4096;

const NOTHING = Buffer.alloc(0);

interface Chunk {
  readonly bytes: Buffer;
  start: number;
  end: number;
}

/**
 * Bytes that have come in and were not read yet: a queue of chunks. Large chunks are neither copied nor joined, and what is read from
 * within one chunk is a view of it. No operation looks at more chunks than it must, so the cost of a byte does not depend on how many
 * wait with it.
 */
export class ByteQueue {
  #chunks: (Chunk | undefined)[] = [];
  /** The first used slot. The empty ones before it are dropped together. */
  #head = 0;
  #size = 0;

  /** Number of bytes in the queue. */
  get size(): number {
    return this.#size;
  }

  get #first(): Chunk | undefined {
    return this.#chunks[this.#head];
  }

  /** Takes over the memory of `data`, which nobody may change from now on. */
  append(data: Uint8Array): void {
    const length = data.byteLength;
    if (length === 0) return;
    this.#size += length;
    const last = this.#chunks[this.#chunks.length - 1];
    if (last === undefined || length >= LEAST_KEPT) {
      this.#chunks.push({ bytes: asBuffer(data), start: 0, end: length });
      return;
    }
    // Only our own blocks have room behind their end.
    if (last.bytes.length - last.end >= length) {
      last.bytes.set(data, last.end);
      last.end += length;
      return;
    }
    const bytes = Buffer.allocUnsafeSlow(BLOCK_BYTES);
    bytes.set(data);
    this.#chunks.push({ bytes, start: 0, end: length });
  }

  /** Removes the first `count` bytes, of which there must be so many, and returns them. */
  take(count: number): Buffer {
    const first = this.#first;
    if (first === undefined || count === 0) return NOTHING;
    if (first.end - first.start >= count) {
      const isWhole = first.start === 0 && count === first.bytes.length; // nearly always: a view costs as much as the rest
      const taken = isWhole ? first.bytes : first.bytes.subarray(first.start, first.start + count);
      this.#consume(first, count);
      return taken;
    }
    const taken = Buffer.allocUnsafe(count);
    let filled = 0;
    for (let chunk = this.#first; chunk !== undefined && filled < count; chunk = this.#first) {
      const part = Math.min(chunk.end - chunk.start, count - filled);
      chunk.bytes.copy(taken, filled, chunk.start, chunk.start + part);
      this.#consume(chunk, part);
      filled += part;
    }
    return taken;
  }

  /**
   * Where `wanted` first begins at or behind position `from` and ends at or before position `until`, or -1. It may lie across
   * chunks.
   */
  indexOf(wanted: Buffer, from = 0, until = this.#size): number {
    let { index, base } = this.#locate(from);
    for (let chunk = this.#chunks[index]; chunk !== undefined; chunk = this.#chunks[++index]) {
      if (base + wanted.length > until) break;
      const { bytes, start, end } = chunk;
      const length = end - start;
      const begin = Math.max(0, from - base);
      const within = find(bytes, wanted, start + begin, Math.min(end, start + until - base));
      if (within !== -1) return base + within - start;
      // It begins in this chunk and ends in a later one.
      for (let at = Math.max(begin, length - wanted.length + 1); at < length; at++) {
        if (base + at + wanted.length > until) return -1;
        if (this.#matches(wanted, index, at)) return base + at;
      }
      base += length;
    }
    return -1;
  }

  /** Finds the chunk with position `from`, and the position where that chunk begins, from whichever end is nearer. */
  #locate(from: number): { index: number; base: number } {
    if (from * 2 <= this.#size) {
      let index = this.#head;
      let base = 0;
      for (let chunk = this.#chunks[index]; chunk !== undefined; chunk = this.#chunks[++index]) {
        const length = chunk.end - chunk.start;
        if (from < base + length) break;
        base += length;
      }
      return { index, base };
    }
    let index = this.#chunks.length;
    let base = this.#size;
    for (let chunk = this.#chunks[index - 1]; chunk !== undefined && base > from;) {
      base -= chunk.end - chunk.start;
      chunk = this.#chunks[--index - 1];
    }
    return { index, base };
  }

  /** Whether the bytes from place `at` of a chunk on are `wanted`. */
  #matches(wanted: Buffer, index: number, at: number): boolean {
    let matched = 0;
    for (let chunk = this.#chunks[index]; chunk !== undefined; chunk = this.#chunks[++index]) {
      for (let place = chunk.start + at; place < chunk.end; place++) {
        if (chunk.bytes[place] !== wanted[matched]) return false;
        if (++matched === wanted.length) return true;
      }
      at = 0;
    }
    return false;
  }

  #consume(chunk: Chunk, count: number): void {
    this.#size -= count;
    chunk.start += count;
    if (chunk.start < chunk.end) return;
    this.#chunks[this.#head++] = undefined;
    if (this.#head * 2 < this.#chunks.length) return;
    this.#chunks = this.#chunks.slice(this.#head);
    this.#head = 0;
  }
}

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** As `bytes.indexOf()`, but looks at nothing at or behind `end`. */
function find(bytes: Buffer, wanted: Buffer, start: number, end: number): number {
  if (end - start < wanted.length) return -1;
  const seen = end === bytes.length ? bytes : bytes.subarray(0, end);
  // Searching for a number is the faster way for one byte.
  const first = wanted[0];
  return first !== undefined && wanted.length === 1
    ? seen.indexOf(first, start)
    : seen.indexOf(wanted, start);
}
