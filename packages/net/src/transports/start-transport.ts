import { makeProtocol } from './make-protocol.js';
import type { Protocol, ProtocolFactory } from './protocol.js';
import type { SelectorEventLoop } from '../selector-event-loop.js';
import type { Socket } from '../sockets/socket.js';
import { StreamTransport } from './stream-transport.js';

/** Makes protocol and transport of a connected socket, and resolves after connectionMade. Whatever fails closes the socket. */
export async function startTransport<P extends Protocol>(
  loop: SelectorEventLoop,
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
    transport.abort(); // close() could wait for ever for a peer that does not read
    throw cancelled;
  }
  return [transport, protocol];
}
