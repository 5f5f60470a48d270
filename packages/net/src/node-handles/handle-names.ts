import net from 'node:net';
import type { SocketAddress } from '../sockets/sockaddr.js';

/** An IP address and a port, or the path of a Unix socket. */
export type Address = SocketAddress | string;

/** What is known of a connection that is there already. */
export interface Established {
  readonly sockname: Address | null;
  readonly peername: Address | null;
}

/** Null where the connection is gone already. */
export function namesOf(socket: net.Socket): Established {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  return { sockname: pairOf(localAddress, localPort), peername: pairOf(remoteAddress, remotePort) };
}

function pairOf(address: string | undefined, port: number | undefined): SocketAddress | null {
  if (address === undefined || port === undefined) return null;
  return { address, port, family: net.isIPv6(address) ? 'IPv6' : 'IPv4' };
}

/** The address that Node tells, without what it adds to it. */
export function addressOf({ address, port, family }: net.AddressInfo): SocketAddress {
  return { address, port, family: family === 'IPv6' ? 'IPv6' : 'IPv4' };
}

/** What `server.address()` tells. */
export function nameOf(address: net.AddressInfo | string | null): Address {
  return typeof address === 'object' && address !== null ? addressOf(address) : (address ?? '');
}
