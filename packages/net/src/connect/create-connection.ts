import { ExceptionGroup } from '@ringloop/core';
import { checkCallback, checkTime, typeError } from '@ringloop/core/internal';
import { openConnected } from './connect-socket.js';
import { interleave } from './interleave.js';
import { staggeredRace } from './staggered-race.js';
import { AF_UNSPEC, SOCK_STREAM } from '../libc/linux-abi.js';
import { NET, type NetLoop } from '../loop-net.js';
import { clientPlan, type TlsClientOptions } from '../tls/ssl-options.js';
import type { ProtocolFactory, StreamProtocol } from '../transports/protocol.js';
import { resolve, resolveToBind, type ResolvedAddress } from '../names/resolve.js';
import { checkInt } from '../sockets/check-int.js';
import type { Port } from '../sockets/service-port.js';
import type { Socket } from '../sockets/socket.js';
import type { ConnectedSocket, ConnectingSocket } from '../sockets/socket-like.js';
import { startClient } from './start-client.js';
import { checkStreamSocket } from '../sockets/stream-socket.js';
import { takeOverStream } from './take-over.js';
import type { StreamTransport } from '../transports/stream-transport.js';
import { bindingFailed, combineErrors } from './connect-errors.js';
import { isSystemError, type SystemError } from '../libc/system-error.js';
import { checkOptions } from '../sockets/check-options.js';

/** Options of `createConnection()`: where to connect to. Give either a host and a port, or `sock`, never both. */
export interface ConnectionOptions extends TlsClientOptions {
  /** A name or an IP address. Null together with a port means this machine. */
  readonly host?: string | null;
  readonly port?: Port;
  /** AF_INET or AF_INET6 to use only addresses of this family; both by default. */
  readonly family?: number;
  /** Only addresses for this protocol, such as IPPROTO_TCP; 0, which is the default, for any. */
  readonly proto?: number;
  /** AI_… constants for getaddrinfo(), combined by `|`. */
  readonly flags?: number;
  /** A connected socket to use instead. It is detached: the transport owns the connection from now on. */
  readonly sock?: Socket | null;
  /** The local address to connect from. */
  readonly localAddr?: { readonly host: string; readonly port?: Port } | null;
  /**
   * Seconds after which the next address is tried although the one before it has not answered yet. The first connection wins.
   * Recommended is 0.25. Without it, one address is tried after the other. Source: RFC 8305, "Happy Eyeballs".
   */
  readonly happyEyeballsDelay?: number | null;
  /**
   * Lets IPv6 and IPv4 addresses alternate, after this many of the first family. 0 keeps the resolver's order; that is the default
   * without a `happyEyeballsDelay`, with it the default is 1.
   */
  readonly interleave?: number | null;
  /** When no address works, reject with an ExceptionGroup of all errors, also when there is only one. */
  readonly allErrors?: boolean | null;
}

/**
 * Tries the addresses one after the other, and resolves once the protocol's connectionMade has been called. Rejects
 * with TypeError when options contradict each other, with the resolver's ResolutionError, with the system's error when it cannot
 * connect, and with an AggregateError `Multiple exceptions: …` when addresses failed differently. A rejected call leaves no socket
 * of its own open. Python: loop.create_connection().
 */
export async function createConnection<P extends StreamProtocol>(
  loop: NetLoop,
  protocolFactory: ProtocolFactory<P>,
  options: ConnectionOptions,
): Promise<[StreamTransport, P]> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'createConnection');
  checkOptions(options);
  const { host = null, port = null, sock = null } = options;
  const plan = clientPlan(options, host, 'You must set server_hostname when using ssl without a host');
  if (sock !== null) {
    if (host !== null || port !== null) {
      throw typeError('host/port and sock can not be specified at the same time', 'ERR_INVALID_ARG_VALUE');
    }
    checkStreamSocket(sock);
    return startClient(loop, protocolFactory, takeOverStream(loop, sock), plan);
  }
  if (host === null && port === null) {
    throw typeError('host and port was not specified and no sock specified', 'ERR_INVALID_ARG_VALUE');
  }
  // Whoever is cancelled in the iteration in which a connection is there does not get it: then it must be closed here.
  const made = new Set<ConnectedSocket>();
  let connected: ConnectedSocket;
  try {
    connected = await connectAny(loop, { host, port, made }, options);
  } catch (thrown) {
    for (const sock of made) sock.close();
    throw thrown;
  }
  return startClient(loop, protocolFactory, connected, plan);
}

async function connectAny(
  loop: NetLoop,
  { host, port, made }: { host: string | null; port: Port; made: Set<ConnectedSocket> },
  options: ConnectionOptions,
): Promise<ConnectedSocket> {
  const { family = AF_UNSPEC, proto = 0, flags = 0, localAddr = null, allErrors = false } = options;
  const { delay, firstCount } = orderOf(options);
  const hints = { family, type: SOCK_STREAM, proto, flags };
  const found = await resolve(loop, host, port, hints);
  const locals = localAddr === null ? null : await resolveToBind(loop, localAddr.host, localAddr.port, hints);
  const attempts = (firstCount === 0 ? found : interleave(found, firstCount)).map(
    (remote) => (): Promise<ConnectedSocket> =>
      openConnected(loop, remote, remote, (sock) => {
        made.add(sock);
        if (locals !== null) bindToOne(sock, locals);
      }),
  );
  const outcome =
    delay === null
      ? await tryInTurn(attempts)
      : await staggeredRace(loop, attempts, {
          delay,
          isExpected: isSystemError,
          discard: (sock) => sock.close(),
        });
  if ('winner' in outcome) return outcome.winner;
  if (allErrors === true) throw new ExceptionGroup('create_connection failed', outcome.errors);
  throw combineErrors(outcome.errors);
}

async function tryInTurn<T>(
  attempts: readonly (() => Promise<T>)[],
): Promise<{ winner: T } | { errors: SystemError[] }> {
  const errors: SystemError[] = [];
  for (const attempt of attempts) {
    try {
      return { winner: await attempt() };
    } catch (thrown) {
      if (!isSystemError(thrown)) throw thrown; // cancelled, or a bug: the next address would not help
      errors.push(thrown);
    }
  }
  return { errors };
}

/** In which order and how fast addresses are tried. */
function orderOf(options: ConnectionOptions): { delay: number | null; firstCount: number } {
  const { happyEyeballsDelay: delay = null } = options;
  if (delay !== null) checkTime(delay, 'happyEyeballsDelay');
  const firstCount = options.interleave ?? (delay === null ? 0 : 1);
  checkInt(firstCount, 'interleave', { min: 0 });
  return { delay, firstCount };
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
