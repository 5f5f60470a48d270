import type { SocketAddress } from '../sockets/sockaddr.js';
import type { BaseProtocol } from './protocol.js';
import type { DatagramTransport } from './transport.js';

/**
 * Methods that a datagram transport calls: connectionMade first, datagramReceived and errorReceived any number of times,
 * connectionLost exactly once. Python: asyncio.DatagramProtocol.
 */
export interface DatagramProtocol extends BaseProtocol {
  /** The first call, in the iteration after the transport was made. Python: BaseProtocol.connection_made(). */
  connectionMade?(transport: DatagramTransport): void;
  /** A datagram has arrived. The protocol may keep and change `data`. The address is `''` for a Unix socket without a name. */
  datagramReceived?(data: Buffer, address: SocketAddress | string): void;
  /** The system has refused a datagram, or told of an earlier one: ECONNREFUSED of a connected socket. The transport goes on. */
  errorReceived?(error: Error): void;
}
