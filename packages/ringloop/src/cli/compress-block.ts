import { gzipSync } from 'node:zlib';
import { remote } from '@ringloop/threadsafe'; // not the whole umbrella: the threads of the pool need no sockets

/** Compresses a block in a thread of the executor, and tells its size. The gzip members of all blocks are a gzip file. */
export const compressBlock = remote(import.meta.url, function compressBlock(block: Uint8Array): number {
  return gzipSync(block).byteLength;
});
