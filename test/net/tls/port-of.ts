import type { Server, SocketAddress } from '@ringloop/net';

/** The port of a TCP server. */
export function portOf(server: Server): number {
  return (server.sockets?.[0]?.getsockname() as SocketAddress).port;
}
