import { untilOpen } from '../connect/until-open.js';
import { NET, type NetLoop } from '../loop-net.js';
import { HandleListener } from '../node-handles/handle-listener.js';
import type { Socket } from '../sockets/socket.js';
import type { ListeningSocket } from '../sockets/socket-like.js';

/** A bound socket as one that the loop can accept with. With epoll it is `sock` itself; Node's handle takes its descriptor. */
export async function takeOverListener(
  loop: NetLoop,
  sock: Socket,
  backlog: number,
): Promise<ListeningSocket> {
  const { handles } = loop[NET];
  if (handles === null) return sock;
  const at = { name: sock.getsockname(), fd: sock.detach() };
  const { family } = sock;
  return untilOpen(
    loop,
    handles,
    (selector, onOpened) => new HandleListener(selector, { family, at, backlog }, onOpened),
  );
}
