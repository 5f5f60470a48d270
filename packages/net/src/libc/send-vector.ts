/**
 * sendmsg(2) and writev(2) of several buffers: one system call for all of them, and nothing is copied. The kernel reads addresses, which the
 * garbage collector does not know: the buffers are referenced from here until the call has returned.
 */
import { type Libc, libc } from './libc.js';
import { POINTER_BYTES } from './linux-abi.js';
import { send, sendmsg, write, writev } from './syscalls.js';

/** The most buffers that the kernel takes at once: IOV_MAX in <limits.h>. */
export const MOST_BUFFERS = 1024;

/** `struct iovec` in <sys/uio.h>: an address and a length. */
const vector = new BigUint64Array(2 * MOST_BUFFERS);
const vectorBytes = new Uint8Array(vector.buffer);
/** `struct msghdr` in <sys/socket.h>: name, its length, iovec, their number, control data, its length, flags. 64-bit. */
const message = new BigUint64Array(7);
const IOVEC_AT = 2;
const IOVEC_COUNT_AT = 3;
const messageBytes = new Uint8Array(message.buffer);
/** They must not be collected while the kernel reads them. */
const held: { buffers: readonly Uint8Array[] } = { buffers: [] };

/**
 * Sends the start of `buffers`, and returns how many bytes the system took, or `-errno`: of so many buffers at most as the kernel
 * takes. If the peer is gone, returns -EPIPE and raises no SIGPIPE. On 32-bit machines it sends the first one only.
 */
export function sendVector(fd: number, buffers: readonly Uint8Array[], flags = 0): number {
  if (POINTER_BYTES !== 8) return onFirst(buffers, (first) => send(fd, first, flags));
  return onVector(buffers, () => sendmsg(fd, messageBytes, flags));
}

/** The same for what is no socket: writev(2). */
export function writeVector(fd: number, buffers: readonly Uint8Array[]): number {
  if (POINTER_BYTES !== 8) return onFirst(buffers, (first) => write(fd, first));
  return onVector(buffers, (count) => writev(fd, vectorBytes, count));
}

function onVector(buffers: readonly Uint8Array[], call: (count: number) => number): number {
  held.buffers = buffers;
  const used = fill(libc(), buffers);
  const result = used === 0 ? 0 : call(used);
  held.buffers = [];
  return result;
}

/** Returns how many buffers there are: the kernel needs no empty ones. */
function fill(c: Libc, buffers: readonly Uint8Array[]): number {
  let at = 0;
  for (const buffer of buffers) {
    if (buffer.byteLength === 0) continue;
    if (at === vector.length) break; // the rest is for the next call
    vector[at++] = c.address(buffer);
    vector[at++] = BigInt(buffer.byteLength);
  }
  message[IOVEC_AT] = c.address(vectorBytes);
  message[IOVEC_COUNT_AT] = BigInt(at / 2);
  return at / 2;
}

function onFirst(buffers: readonly Uint8Array[], call: (first: Uint8Array) => number): number {
  const first = buffers.find(({ byteLength }) => byteLength > 0);
  return first === undefined ? 0 : call(first);
}
