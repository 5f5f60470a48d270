import { NET, type NetLoop } from '../loop-net.js';
import { HandleStream } from '../node-handles/handle-stream.js';
import { moved, type Socket } from '../sockets/socket.js';
import type { ConnectedSocket } from '../sockets/socket-like.js';

/** Moves the descriptor of a connected socket into one that the loop can work with, and detaches `sock`. */
export function takeOverStream(loop: NetLoop, sock: Socket): ConnectedSocket {
  const { handles } = loop[NET];
  return handles === null ? moved(sock) : HandleStream.adopted(handles, sock);
}
