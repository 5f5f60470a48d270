import { closeSync } from 'node:fs';
import { Socket as NodeSocket, type SocketConstructorOpts } from 'node:net';
import type { Socket } from '../sockets/socket.js';

/** Gives the descriptor of `sock`, which is detached, to a socket of Node's. If Node refuses it, it is closed. */
export function nodeSocketOf(sock: Socket, options: SocketConstructorOpts): NodeSocket {
  const fd = sock.detach(); // first: at no time may both of us close it
  try {
    return new NodeSocket({ ...options, fd, readable: true, writable: true });
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}
