import type { NetLoop } from '../loop-net.js';
import type { ConnectedSocket } from '../sockets/socket-like.js';
import { shakeAsClient } from '../tls/handshake.js';
import type { TlsClientPlan } from '../tls/ssl-options.js';
import type { ProtocolFactory, StreamProtocol } from '../transports/protocol.js';
import { startTransport } from '../transports/start-transport.js';
import type { StreamTransport } from '../transports/stream-transport.js';

/** Creates the transport of a connection that we have opened, as `startTransport()`; with TLS after the handshake. */
export async function startClient<P extends StreamProtocol>(
  loop: NetLoop,
  protocolFactory: ProtocolFactory<P>,
  sock: ConnectedSocket,
  plan: TlsClientPlan | null,
): Promise<[StreamTransport, P]> {
  return startTransport(
    loop,
    protocolFactory,
    plan === null ? sock : await shakeAsClient(loop, { sock }, plan),
  );
}
