import { checkCallback, typeError } from '@ringloop/core/internal';
import { openConnected } from './connect-socket.js';
import { AF_UNSPEC } from '../libc/linux-abi.js';
import { NET, type NetLoop } from '../loop-net.js';
import { refuseTls, type TlsOptions } from './no-tls.js';
import type { Protocol, ProtocolFactory } from '../transports/protocol.js';
import { resolve, type ResolvedAddress } from '../names/resolve.js';
import type { Port } from '../sockets/service-port.js';
import type { Socket } from '../sockets/socket.js';
import type { ConnectedSocket, ConnectingSocket } from '../sockets/socket-like.js';
import { startTransport } from '../transports/start-transport.js';
import { checkStreamSocket } from '../sockets/stream-socket.js';
import { takeOverStream } from './take-over.js';
import type { Transport } from '../transports/transport.js';
import { bindingFailed, combineErrors } from './connect-errors.js';
import { isSystemError, type SystemError } from '../libc/system-error.js';

/** Options of `createConnection()`: where to connect to. Give either a host and a port, or `sock`, never both. */
export interface ConnectionOptions extends TlsOptions {
  /** A name or an IP address. Null together with a port means this machine. */
  readonly host?: string | null;
  readonly port?: Port;
  /** AF_INET or AF_INET6 to use only addresses of this family; both by default. */
  readonly family?: number;
  /** A connected socket to use instead. It is detached: the transport owns the connection from now on. */
  readonly sock?: Socket | null;
  /** The local address to connect from. */
  readonly localAddr?: { readonly host: string; readonly port?: Port } | null;
}

/**
 * Tries the addresses one after the other, and resolves once the protocol's connectionMade has been called. Rejects
 * with TypeError when options contradict each other, with the system's error when it cannot connect, and with an
 * AggregateError `Multiple exceptions: …` when addresses failed differently. A rejected call leaves no socket of its
 * own open. Python: loop.create_connection().
 */
export async function createConnection<P extends Protocol>(
  loop: NetLoop,
  protocolFactory: ProtocolFactory<P>,
  options: ConnectionOptions,
): Promise<[Transport, P]> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'createConnection');
  refuseTls(options);
  const { host = null, port = null, sock = null } = options;
  if (sock !== null) {
    if (host !== null || port !== null) {
      throw typeError('host/port and sock can not be specified at the same time', 'ERR_INVALID_ARG_VALUE');
    }
    checkStreamSocket(sock);
    return startTransport(loop, protocolFactory, takeOverStream(loop, sock));
  }
  if (host === null && port === null) {
    throw typeError('host and port was not specified and no sock specified', 'ERR_INVALID_ARG_VALUE');
  }
  return startTransport(loop, protocolFactory, await connectAny(loop, host, port, options));
}

async function connectAny(
  loop: NetLoop,
  host: string | null,
  port: Port,
  { family = AF_UNSPEC, localAddr = null }: ConnectionOptions,
): Promise<ConnectedSocket> {
  const remotes = await resolve(loop, host, port, { family, passive: false });
  const locals =
    localAddr === null
      ? null
      : await resolve(loop, localAddr.host, localAddr.port, { family, passive: true });
  const errors: SystemError[] = [];
  for (const remote of remotes) {
    try {
      return await openConnected(loop, remote.family, remote, (sock) => {
        if (locals !== null) bindToOne(sock, locals);
      });
    } catch (thrown) {
      if (!isSystemError(thrown)) throw thrown; // cancelled, or a bug: the next address would not help
      errors.push(thrown);
    }
  }
  throw combineErrors(errors);
}

function bindToOne(sock: ConnectingSocket, locals: readonly ResolvedAddress[]): void {
  const errors: SystemError[] = [];
  for (const local of locals) {
    if (local.family !== sock.family) continue;
    try {
      sock.bind(local);
      return;
    } catch (thrown) {
      if (!isSystemError(thrown)) throw thrown;
      errors.push(bindingFailed(thrown, local));
    }
  }
  throw combineErrors(errors, 'no matching local address');
}
