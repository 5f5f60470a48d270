import type { ConnectionFacts } from './detached-connection.js';
import { makeProtocol } from './make-protocol.js';
import type { BaseProtocol, ProtocolFactory, StreamProtocol } from './protocol.js';
import type { ConnectedSocket } from '../sockets/socket-like.js';
import { StreamTransport } from './stream-transport.js';
import type { NetLoop } from '../loop-net.js';

/** Creates the stream transport of a connected socket, as `startWith()` does. @param goingOn what the transport before has left */
export function startTransport<P extends StreamProtocol>(
  loop: NetLoop,
  protocolFactory: ProtocolFactory<P>,
  sock: ConnectedSocket,
  goingOn?: ConnectionFacts,
): Promise<[StreamTransport, P]> {
  return startWith(
    loop,
    protocolFactory,
    sock,
    (protocol, onStarted) => new StreamTransport(loop, sock, { protocol, onStarted, goingOn }),
  );
}

/**
 * Creates the protocol and the transport of a socket, and resolves after connectionMade. Closes the socket if anything
 * fails.
 * @param makeTransport makes the transport, which calls `onStarted` right after connectionMade
 */
export async function startWith<T extends { abort(): void }, P extends BaseProtocol>(
  loop: NetLoop,
  protocolFactory: () => P,
  sock: { close(): void },
  makeTransport: (protocol: P, onStarted: () => void) => T,
): Promise<[T, P]> {
  const started = loop.createFuture<undefined>();
  const onStarted = (): void => {
    if (!started.done()) started.setResult(undefined);
  };
  let transport: T;
  let protocol: P;
  try {
    protocol = makeProtocol(loop, protocolFactory);
    transport = makeTransport(protocol, onStarted);
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
