import { NoEpollError } from '../errors.js';
import { AF_UNIX } from '../libc/linux-abi.js';
import { isSystemError, type SystemError } from '../libc/system-error.js';
import { NET, type NetLoop } from '../loop-net.js';
import { HandleDatagram } from '../node-handles/handle-datagram.js';
import type { HandleSelector } from '../node-handles/handle-selector.js';
import { checkReusePort, noReusePort } from '../node-handles/reuse-port.js';
import { type AddressInput, checkAddress } from '../sockets/sockaddr.js';
import { moved, type Socket } from '../sockets/socket.js';
import type { DatagramSocket } from '../sockets/socket-like.js';
import { untilOpen } from './until-open.js';

/** The addresses of one family. */
export interface Way {
  readonly family: number;
  readonly local: AddressInput | null;
  readonly remote: AddressInput | null;
}

/** What of DatagramOptions concerns the socket itself. */
export interface SocketChoices {
  readonly reusePort?: boolean | null;
  readonly allowBroadcast?: boolean | null;
}

/** Moves the descriptor of a socket of datagrams into one that the loop can work with, and detaches `sock`. */
export async function takeOverDatagrams(loop: NetLoop, sock: Socket): Promise<DatagramSocket> {
  const { handles } = loop[NET];
  if (handles === null) return moved(sock);
  if (sock.family === AF_UNIX) throw noUnixDatagrams();
  const places = { family: sock.family, local: { fd: sock.detach() }, remote: null };
  return untilOpen(loop, handles, (selector, onOpened) => new HandleDatagram(selector, places, onOpened));
}

/**
 * Opens a handle of Node, or returns the system's error.
 * @throws {NoEpollError} ERR_NO_EPOLL for a Unix socket: Node has none of datagrams
 * @throws {TypeError} ERR_INVALID_ARG_VALUE for `reusePort` where Node has it not
 */
export async function tryHandle(
  loop: NetLoop,
  handles: HandleSelector,
  { family, local, remote }: Way,
  { reusePort, allowBroadcast }: SocketChoices,
): Promise<HandleDatagram | SystemError> {
  if (family === AF_UNIX || typeof local === 'string' || typeof remote === 'string') throw noUnixDatagrams();
  if (local !== null) checkAddress(family, local);
  if (remote !== null) checkAddress(family, remote);
  if (reusePort === true) checkReusePort();
  const broadcast = allowBroadcast === true;
  const places = {
    family,
    local,
    remote: broadcast ? null : remote,
    broadcast,
    reusePort: reusePort === true,
  };
  try {
    return await untilOpen(
      loop,
      handles,
      (selector, onOpened) => new HandleDatagram(selector, places, onOpened),
    );
  } catch (thrown) {
    if (!isSystemError(thrown)) throw thrown;
    if (thrown.code === 'ENOTSUP') throw noReusePort();
    return thrown;
  }
}

function noUnixDatagrams(): NoEpollError {
  return new NoEpollError(
    'Cannot open a Unix socket of datagrams without epoll: Node has none. Use createUnixConnection()',
  );
}
