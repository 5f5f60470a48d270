import { createHash } from 'node:crypto';
import type { Answer } from './answer.js';

/**
 * Bytes that the executor gets at a time. Smaller blocks cost more calls, larger ones more memory for each connection;
 * arbitrary.
 */
export const BLOCK_BYTES = 256 * 1024;

/** One file in a serving loop: it is hashed while it arrives, and cut into blocks to be compressed. */
export class Digestion {
  readonly #bytes: number;
  readonly #compress: (block: Buffer) => void;
  readonly #hash = createHash('sha256');
  /** Bytes of the file for which there is no block yet. */
  #left: number;
  #block: Buffer;
  #filled = 0;
  #digest: Buffer | null = null;
  #blocksOut = 0;
  #compressedBytes = 0;

  /** @param compress compresses a block and reports its size to `blockCompressed()` */
  constructor(bytes: number, compress: (block: Buffer) => void) {
    this.#bytes = bytes;
    this.#left = bytes;
    this.#compress = compress;
    this.#block = this.#newBlock();
  }

  /** The answer, once the whole file has arrived and is compressed; else null. */
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
    if (this.#bytes === 0) this.#blockFull(); // the gzip file of an empty file is not empty
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

  /** Allocates outside of Node's pool: a piece of the pool cannot be sent to another thread without all of the pool. */
  #newBlock(): Buffer {
    const size = Math.min(this.#left, BLOCK_BYTES);
    this.#left -= size;
    return Buffer.allocUnsafeSlow(size);
  }
}
