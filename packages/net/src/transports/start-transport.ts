import { makeProtocol } from './make-protocol.js';
import type { Protocol, ProtocolFactory } from './protocol.js';
import type { Socket } from '../sockets/socket.js';
import { StreamTransport } from './stream-transport.js';
import type { NetLoop } from '../loop-net.js';

/**
 * Creates the protocol and the transport of a connected socket, and resolves after connectionMade. Closes the socket if
 * anything fails.
 */
export async function startTransport<P extends Protocol>(
  loop: NetLoop,
  protocolFactory: ProtocolFactory<P>,
  sock: Socket,
): Promise<[StreamTransport, P]> {
  const started = loop.createFuture<undefined>();
  const onStarted = (): void => {
    if (!started.done()) started.setResult(undefined);
  };
  let transport: StreamTransport;
  let protocol: P;
  try {
    protocol = makeProtocol(loop, protocolFactory);
    transport = new StreamTransport(loop, sock, { protocol, onStarted });
  } catch (thrown) {
    sock.close();
    throw thrown;
  }
  try {
    await started;
  } catch (cancelled) {
    transport.abort(); // not close(): it could wait forever for a peer that does not read
    throw cancelled;
  }
  return [transport, protocol];
}
