/**
 * Bytes from which on a piece is sent from where it is. To find the address of a buffer for the kernel costs as much as copying this
 * many bytes: some 200 ns.
 */
const LARGE_BYTES = 4096;

/** Joins small chunks that follow each other, by copying them, and leaves out empty ones. Large ones stay as they are. */
export function joinSmall(chunks: readonly Uint8Array[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  const join = (): void => {
    if (small.length > 0) pieces.push(...(small.length === 1 ? small : [Buffer.concat(small)]));
    small = [];
  };
  for (const chunk of chunks) {
    if (chunk.byteLength >= LARGE_BYTES) {
      join();
      pieces.push(chunk);
    } else if (chunk.byteLength > 0) small.push(chunk);
  }
  join();
  return pieces;
}

/** What is left of the pieces after their first `count` bytes. */
export function withoutStart(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  return pieces.flatMap((piece) => {
    const skipped = Math.min(skip, piece.byteLength);
    skip -= skipped;
    return skipped === piece.byteLength ? [] : [piece.subarray(skipped)];
  });
}
