import { checkBytes } from '../sockets/bytes.js';
import type { NetLoop } from '../loop-net.js';
import type { AddressInput } from '../sockets/sockaddr.js';
import type { Socket } from '../sockets/socket.js';
import { checkSocket, isCount, untilReady } from './wait-ready.js';

/** What `loop.sockSendall()` does, and throws. */
export async function sockSendall(loop: NetLoop, sock: Socket, data: Uint8Array): Promise<void> {
  checkSocket(loop, sock);
  checkBytes(data);
  for (let rest = data; rest.byteLength > 0;) {
    const part = rest;
    const sent = await untilReady(loop, sock, 'writer', 'send', () => sock.trySend(part), isCount);
    rest = rest.subarray(sent);
  }
}

/** What `loop.sockSendto()` does, and throws. */
export async function sockSendto(
  loop: NetLoop,
  sock: Socket,
  data: Uint8Array,
  address: AddressInput,
): Promise<number> {
  checkSocket(loop, sock);
  checkBytes(data);
  return untilReady(loop, sock, 'writer', 'sendto', () => sock.trySendto(data, address), isCount);
}
