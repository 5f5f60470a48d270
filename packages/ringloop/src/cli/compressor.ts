import type { Future } from '@ringloop/core';
import type { EventLoop } from '../event-loop.js';
import { compressBlock } from './compress-block.js';

/**
 * Bytes, queued or running in the executor of one loop, that keep its threads busy. Arbitrary within a factor of four.
 */
const FULL_BYTES = 8 * 1024 * 1024;

/** Compresses blocks in the loop's executor, and tells when the executor has enough to do. */
export class Compressor {
  readonly #loop: EventLoop;
  readonly #waiting = new Set<() => void>();
  #bytes = 0;
  #tasks = 0;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  /** Tasks given to the executor so far. */
  get tasks(): number {
    return this.#tasks;
  }

  /** Whether the executor has enough to do: more blocks would only take memory. See `whenRoom()`. */
  get isFull(): boolean {
    return this.#bytes >= FULL_BYTES;
  }

  /** Resolves with the compressed size. `block` must have a buffer of its own, because the whole buffer is copied. */
  compress(block: Uint8Array): Future<number> {
    const future = this.#loop.runInExecutor(null, compressBlock, block);
    this.#tasks++;
    this.#bytes += block.byteLength;
    future.addDoneCallback(() => this.#done(block.byteLength));
    return future;
  }

  /** Calls `callback` once, when there is room again. Adding the same callback twice has no effect. */
  whenRoom(callback: () => void): void {
    this.#waiting.add(callback);
  }

  #done(bytes: number): void {
    this.#bytes -= bytes;
    if (this.isFull) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }
}
