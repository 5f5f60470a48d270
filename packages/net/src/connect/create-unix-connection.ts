import { checkCallback, typeError } from '@ringloop/core/internal';
import { AF_UNIX } from '../libc/linux-abi.js';
import { NET, type NetLoop } from '../loop-net.js';
import type { Socket } from '../sockets/socket.js';
import { checkUnixStreamSocket, type UnixPath, unixPath } from '../sockets/unix-path.js';
import type { ProtocolFactory, StreamProtocol } from '../transports/protocol.js';
import { startClient } from './start-client.js';
import { takeOverStream } from './take-over.js';
import type { StreamTransport } from '../transports/stream-transport.js';
import { openConnected } from './connect-socket.js';
import { clientPlan, type TlsClientOptions } from '../tls/ssl-options.js';
import { checkOptions } from '../sockets/check-options.js';

/** Options of `createUnixConnection()`: where to connect to. Give either `path` or `sock`, never both. */
export interface UnixConnectionOptions extends TlsClientOptions {
  readonly path?: UnixPath | null;
  /** A connected socket to use instead. It is detached: the transport owns the connection from now on. */
  readonly sock?: Socket | null;
}

/**
 * Connects to a Unix socket, and resolves once the protocol's connectionMade has been called. Rejects with TypeError when options
 * contradict each other, and with the system's error when it cannot connect: ENOENT, ECONNREFUSED, EACCES. A rejected call leaves no
 * socket of its own open. Python: loop.create_unix_connection().
 */
export async function createUnixConnection<P extends StreamProtocol>(
  loop: NetLoop,
  protocolFactory: ProtocolFactory<P>,
  options: UnixConnectionOptions,
): Promise<[StreamTransport, P]> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'createUnixConnection');
  checkOptions(options);
  const plan = clientPlan(options, null, 'you have to pass server_hostname when using ssl');
  const { path = null, sock = null } = options;
  if (path !== null && sock !== null) {
    throw typeError('path and sock can not be specified at the same time', 'ERR_INVALID_ARG_VALUE');
  }
  if (sock !== null) {
    checkUnixStreamSocket(sock);
    return startClient(loop, protocolFactory, takeOverStream(loop, sock), plan);
  }
  if (path === null) throw typeError('no path and sock were specified', 'ERR_INVALID_ARG_VALUE');
  const connected = await openConnected(loop, { family: AF_UNIX }, unixPath(path));
  return startClient(loop, protocolFactory, connected, plan);
}
