import { checkBytes } from '../sockets/bytes.js';
import { checkInt } from '../sockets/check-int.js';
import type { NetLoop } from '../loop-net.js';
import type { SocketAddress } from '../sockets/sockaddr.js';
import type { Socket } from '../sockets/socket.js';
import { checkSocket, isCount, untilReady } from './wait-ready.js';

/** What `loop.sockRecv()` does, and throws. */
export async function sockRecv(loop: NetLoop, sock: Socket, maxBytes: number): Promise<Buffer> {
  checkInt(maxBytes, 'maxBytes', { min: 0 });
  const buffer = Buffer.allocUnsafe(maxBytes);
  return buffer.subarray(0, await sockRecvInto(loop, sock, buffer));
}

/** What `loop.sockRecvInto()` does, and throws. */
export async function sockRecvInto(loop: NetLoop, sock: Socket, buffer: Uint8Array): Promise<number> {
  checkSocket(loop, sock);
  checkBytes(buffer, 'buffer');
  if (buffer.byteLength === 0) return 0; // as in CPython, without asking the system
  return untilReady(loop, sock, 'reader', 'recv', () => sock.tryRecvInto(buffer), isCount);
}

/** What `loop.sockRecvfrom()` does, and throws. */
export async function sockRecvfrom(
  loop: NetLoop,
  sock: Socket,
  maxBytes: number,
): Promise<[Buffer, SocketAddress | string]> {
  checkInt(maxBytes, 'maxBytes', { min: 0 });
  const buffer = Buffer.allocUnsafe(maxBytes);
  const [count, address] = await sockRecvfromInto(loop, sock, buffer);
  return [buffer.subarray(0, count), address];
}

/** What `loop.sockRecvfromInto()` does, and throws. */
export async function sockRecvfromInto(
  loop: NetLoop,
  sock: Socket,
  buffer: Uint8Array,
): Promise<[number, SocketAddress | string]> {
  checkSocket(loop, sock);
  checkBytes(buffer, 'buffer');
  return untilReady(loop, sock, 'reader', 'recvfrom', () => sock.tryRecvfromInto(buffer), isReceived);
}

function isReceived<T>(result: T | number): result is T {
  return typeof result !== 'number';
}
