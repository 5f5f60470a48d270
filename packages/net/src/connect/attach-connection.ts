import { inspect } from 'node:util';
import { checkCallback, typeError } from '@ringloop/core/internal';
import { NET, type NetLoop } from '../loop-net.js';
import { DetachedConnection } from '../transports/detached-connection.js';
import type { ProtocolFactory, StreamProtocol } from '../transports/protocol.js';
import { takeOverStream } from './take-over.js';
import { startTransport } from '../transports/start-transport.js';
import type { StreamTransport } from '../transports/stream-transport.js';

/**
 * Lets a connection go on that has left another transport. Once the arguments are checked, the connection belongs to the
 * new transport: it is closed if the protocol cannot be made.
 */
export async function attachConnection<P extends StreamProtocol>(
  loop: NetLoop,
  protocolFactory: ProtocolFactory<P>,
  connection: DetachedConnection,
): Promise<[StreamTransport, P]> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'attachConnection');
  if (!(connection instanceof DetachedConnection)) {
    throw typeError(`A DetachedConnection was expected, got ${inspect(connection, { depth: 0 })}`);
  }
  const { sock, facts } = connection.release();
  return startTransport(loop, protocolFactory, takeOverStream(loop, sock), facts);
}
