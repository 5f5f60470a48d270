/** Bytes of a block that collects small writes: a quarter of the default high-water mark, otherwise arbitrary. */
const BLOCK_BYTES = 16_384;

interface Block {
  readonly bytes: Buffer;
  start: number;
  end: number;
}

/**
 * The bytes that a transport still has to send: a queue of blocks that hold copies of the caller's bytes. Small writes
 * share a block, so that many of them need few system calls. Bytes are never moved once they are in a block.
 */
export class WriteBuffer {
  #blocks: (Block | undefined)[] = [];
  /**
   * The first used slot. The empty ones before it are dropped together, so that removing costs no more than appending.
   */
  #head = 0;
  #size = 0;

  /** Number of bytes to send. */
  get size(): number {
    return this.#size;
  }

  /** Copies `data`: the caller may reuse its memory. */
  append(data: Uint8Array): void {
    this.#size += data.byteLength;
    const last = this.#blocks[this.#blocks.length - 1];
    const joined = last === undefined ? 0 : Math.min(last.bytes.byteLength - last.end, data.byteLength);
    if (last !== undefined && joined > 0) {
      last.bytes.set(data.subarray(0, joined), last.end);
      last.end += joined;
    }
    if (joined === data.byteLength) return;
    const rest = data.subarray(joined);
    const bytes = Buffer.allocUnsafeSlow(Math.max(rest.byteLength, BLOCK_BYTES));
    bytes.set(rest);
    this.#blocks.push({ bytes, start: 0, end: rest.byteLength });
  }

  /** Returns the bytes to send next, or null when there are none. */
  peek(): Buffer | null {
    const block = this.#blocks[this.#head];
    return block === undefined ? null : block.bytes.subarray(block.start, block.end);
  }

  /** Returns the bytes to send next, in up to `most` pieces. */
  peekAll(most: number): Buffer[] {
    const pieces: Buffer[] = [];
    for (let at = this.#head; pieces.length < most; at++) {
      const block = this.#blocks[at];
      if (block === undefined) break;
      pieces.push(block.bytes.subarray(block.start, block.end));
    }
    return pieces;
  }

  /** Removes the first `count` bytes, which have been sent. */
  consume(count: number): void {
    for (let left = count; left > 0;) {
      const block = this.#blocks[this.#head];
      if (block === undefined) return;
      const taken = Math.min(left, block.end - block.start);
      left -= taken;
      this.#size -= taken;
      block.start += taken;
      if (block.start === block.end) this.#drop();
    }
  }

  #drop(): void {
    this.#blocks[this.#head++] = undefined;
    if (this.#head * 2 >= this.#blocks.length) {
      this.#blocks = this.#blocks.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Removes all bytes, and returns a copy of them. */
  takeAll(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#size); // not a Buffer from the pool: it may be sent to another thread
    let at = 0;
    for (let data = this.peek(); data !== null; data = this.peek()) {
      bytes.set(data, at);
      at += data.byteLength;
      this.consume(data.byteLength);
    }
    return bytes;
  }

  clear(): void {
    this.#blocks = [];
    this.#head = 0;
    this.#size = 0;
  }
}
