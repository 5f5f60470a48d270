import type { NetLoop } from '../loop-net.js';
import type { SocketAddress } from '../sockets/sockaddr.js';
import type { Socket } from '../sockets/socket.js';
import { checkSocket, untilReady } from './wait-ready.js';

/** What `loop.sockAccept()` does, and throws. */
export async function sockAccept(loop: NetLoop, sock: Socket): Promise<[Socket, SocketAddress | string]> {
  checkSocket(loop, sock);
  return untilReady(loop, sock, 'reader', 'accept', () => sock.tryAccept(), isAccepted);
}

function isAccepted<T>(result: T | number): result is T {
  return typeof result !== 'number';
}
