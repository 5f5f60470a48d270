import { checkCallback } from '@ringloop/core/internal';
import { NET, type NetLoop } from '../loop-net.js';
import { shakeAsServer } from '../tls/handshake.js';
import { serverPlan, type TlsCallOptions } from '../tls/ssl-options.js';
import type { ProtocolFactory, StreamProtocol } from '../transports/protocol.js';
import type { Socket } from '../sockets/socket.js';
import { startTransport } from '../transports/start-transport.js';
import { checkStreamSocket } from '../sockets/stream-socket.js';
import { takeOverStream } from './take-over.js';
import type { StreamTransport } from '../transports/stream-transport.js';

/** Options of `connectAcceptedSocket()`: those of TLS, for the side of the server. */
export type AcceptedSocketOptions = TlsCallOptions;

/**
 * Creates a transport for an accepted connection. The transport owns the connection from now on: `sock` is detached.
 * Python: loop.connect_accepted_socket().
 */
export async function connectAcceptedSocket<P extends StreamProtocol>(
  loop: NetLoop,
  protocolFactory: ProtocolFactory<P>,
  sock: Socket,
  options: AcceptedSocketOptions,
): Promise<[StreamTransport, P]> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'connectAcceptedSocket');
  const plan = serverPlan(options);
  checkStreamSocket(sock);
  const taken = takeOverStream(loop, sock);
  return startTransport(
    loop,
    protocolFactory,
    plan === null ? taken : await shakeAsServer(loop, { sock: taken }, plan),
  );
}
