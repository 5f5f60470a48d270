import { createHash } from 'node:crypto';
import type { Answer } from './answer.js';

/** What the executor gets at a time. Smaller costs more calls, larger more memory for each connection; arbitrary. */
export const BLOCK_BYTES = 256 * 1024;

/** One file on its way through a serving loop: hashed as it comes in, and cut into blocks to be compressed. */
export class Digestion {
  readonly #bytes: number;
  readonly #compress: (block: Buffer) => void;
  readonly #hash = createHash('sha256');
  /** Bytes that no block has been made for yet. */
  #left: number;
  #block: Buffer;
  #filled = 0;
  #digest: Buffer | null = null;
  #blocksOut = 0;
  #compressedBytes = 0;

  /** @param compress is told of each block, and answers with `blockCompressed()` */
  constructor(bytes: number, compress: (block: Buffer) => void) {
    this.#bytes = bytes;
    this.#left = bytes;
    this.#compress = compress;
    this.#block = this.#newBlock();
  }

  /** The answer, when the file is here and all of it compressed. */
  get answer(): Answer | null {
    if (this.#digest === null || this.#blocksOut > 0) return null;
    return { digest: this.#digest, bytes: this.#bytes, compressedBytes: this.#compressedBytes };
  }

  data(chunk: Buffer): void {
    this.#hash.update(chunk);
    for (let at = 0; at < chunk.length;) {
      const copied = chunk.copy(this.#block, this.#filled, at);
      at += copied;
      this.#filled += copied;
      if (this.#filled === this.#block.length) this.#blockFull();
    }
  }

  end(): void {
    if (this.#bytes === 0) this.#blockFull(); // an empty file compressed is not empty
    this.#digest = this.#hash.digest();
  }

  blockCompressed(compressedBytes: number): void {
    this.#blocksOut--;
    this.#compressedBytes += compressedBytes;
  }

  #blockFull(): void {
    const block = this.#block;
    this.#block = this.#newBlock();
    this.#filled = 0;
    this.#blocksOut++;
    this.#compress(block);
  }

  /** Outside of Node's pool: to send a piece of the pool to another thread is to send all of it. */
  #newBlock(): Buffer {
    const size = Math.min(this.#left, BLOCK_BYTES);
    this.#left -= size;
    return Buffer.allocUnsafeSlow(size);
  }
}
