/**
 * Bytes from which on a piece is sent from where it is. To find the address of a buffer for the kernel costs as much as copying this
 * many bytes: some 200 ns.
 */
const LARGE_BYTES = 4096;

/** Joins small chunks that follow each other, by copying them, and leaves out empty ones. Large ones stay as they are. */
export function joinSmall(chunks: readonly Uint8Array[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let start = 0; // of the small ones that were not joined yet
  for (const [at, chunk] of chunks.entries()) {
    if (chunk.byteLength < LARGE_BYTES) continue;
    addJoined(pieces, chunks, start, at);
    pieces.push(chunk);
    start = at + 1;
  }
  addJoined(pieces, chunks, start, chunks.length);
  return pieces;
}

function addJoined(pieces: Uint8Array[], chunks: readonly Uint8Array[], start: number, end: number): void {
  const small = start === 0 && end === chunks.length ? chunks : chunks.slice(start, end);
  const [only] = small;
  const joined = small.length === 1 && only !== undefined ? only : Buffer.concat(small);
  if (joined.byteLength > 0) pieces.push(joined);
}

/** How many bytes the chunks have together. */
export function bytesOf(chunks: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const chunk of chunks) bytes += chunk.byteLength;
  return bytes;
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
