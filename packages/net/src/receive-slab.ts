/** Bytes of a slab: as many as CPython reads at a time (256 KiB). */
const SLAB_BYTES = 262_144;
/** The least room to receive into: a new slab is begun when less is left. Arbitrary: a quarter of a slab. */
const LEAST_BYTES = 65_536;
/** What is smaller is copied, so that a protocol which keeps it does not keep a whole slab. */
const LARGE_BYTES = 16_384;

/**
 * Memory that all connections of a loop receive into. Large pieces are given away as they are, and the next data is received behind
 * them: that costs no copy, and a quarter of the memory mappings that a buffer for each piece would cost (64 KiB: 4 instead of 10 µs).
 */
export class ReceiveSlab {
  #room: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);

  /** Where to receive next. */
  get room(): Buffer {
    return this.#room;
  }

  /** Room for the largest datagram that there may be: what does not fit of one is lost. */
  get wholeRoom(): Buffer {
    if (this.#room.byteLength < SLAB_BYTES) this.#room = Buffer.allocUnsafeSlow(SLAB_BYTES);
    return this.#room;
  }

  /** Returns the first `count` bytes of the room. They belong to the caller. */
  take(count: number): Buffer {
    const data = this.#room.subarray(0, count);
    if (count < LARGE_BYTES) return Buffer.from(data);
    const rest = this.#room.subarray(count);
    this.#room = rest.byteLength < LEAST_BYTES ? Buffer.allocUnsafeSlow(SLAB_BYTES) : rest;
    return data;
  }
}
