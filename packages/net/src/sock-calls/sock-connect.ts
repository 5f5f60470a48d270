import { connectSocket } from '../connect/connect-socket.js';
import { AF_UNIX } from '../libc/linux-abi.js';
import type { NetLoop } from '../loop-net.js';
import { resolve } from '../names/resolve.js';
import type { AddressInput } from '../sockets/sockaddr.js';
import type { Socket } from '../sockets/socket.js';
import { checkSocket } from './wait-ready.js';

/** What `loop.sockConnect()` does, and throws. */
export async function sockConnect(loop: NetLoop, sock: Socket, address: AddressInput): Promise<void> {
  checkSocket(loop, sock);
  await connectSocket(loop, sock, await resolved(loop, sock, address));
}

/** The first address of the name that suits the socket, as CPython takes it. */
async function resolved(loop: NetLoop, sock: Socket, address: AddressInput): Promise<AddressInput> {
  const isWrong = typeof address !== 'object' || (address as object | null) === null;
  if (sock.family === AF_UNIX || isWrong) return address; // a wrong kind is refused by connect()
  const { family, type, proto } = sock;
  const [first] = await resolve(loop, address.host, address.port, { family, type, proto });
  return first === undefined ? address : { ...address, host: first.host, port: first.port };
}
