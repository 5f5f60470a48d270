import { gzipSync } from 'node:zlib';
import { remote } from '@ringloop/threadsafe'; // not from ringloop: the threads of the pool need no sockets

/**
 * Compresses a block in a thread of the executor, and returns the compressed size. The gzip members of all blocks
 * together are a valid gzip file.
 */
export const compressBlock = remote(import.meta.url, function compressBlock(block: Uint8Array): number {
  return gzipSync(block).byteLength;
});
