import {
  AF_INET6,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  type SelectorEventLoop,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  Socket,
  type SocketAddress,
  type SocketTicket,
  SOL_SOCKET,
} from '@ringloop/net';
import { dupOf, Listener, type OnConnection } from '@ringloop/net/internal';

/** A socket that a loop shall accept connections of: the server's own one, or another one of the same address. */
export type ListeningSpec =
  | { readonly shared: SocketTicket }
  | { readonly address: SocketAddress; readonly family: number; readonly keepAlive: boolean };

/** Opens the socket and accepts. @throws {SystemError} such as EMFILE, EADDRINUSE */
export function openListener(
  loop: SelectorEventLoop,
  spec: ListeningSpec,
  options: { backlog: number; onConnection: OnConnection },
): Listener {
  const sock = 'shared' in spec ? dupOf(spec.shared) : bindAgain(spec);
  try {
    const listener = new Listener(loop, sock, options);
    listener.start();
    return listener;
  } catch (thrown) {
    sock.close();
    throw thrown;
  }
}

function bindAgain({
  address: { address: host, port },
  family,
  keepAlive,
}: Exclude<ListeningSpec, { shared: unknown }>): Socket {
  const sock = new Socket(family);
  try {
    sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, true);
    sock.setsockopt(SOL_SOCKET, SO_REUSEPORT, true);
    if (keepAlive) sock.setsockopt(SOL_SOCKET, SO_KEEPALIVE, true);
    if (family === AF_INET6) sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, true);
    sock.bind({ host, port });
    return sock;
  } catch (thrown) {
    sock.close();
    throw thrown;
  }
}
