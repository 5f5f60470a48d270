import { inspect } from 'node:util';
import { checkCallback, typeError } from '@ringloop/core/internal';
import { AF_UNIX, AF_UNSPEC, SO_BROADCAST, SO_REUSEPORT, SOCK_DGRAM, SOL_SOCKET } from '../libc/linux-abi.js';
import { isSystemError, type SystemError } from '../libc/system-error.js';
import { NET, type NetLoop } from '../loop-net.js';
import { resolve, resolveToBind, type ResolvedAddress } from '../names/resolve.js';
import type { Port } from '../sockets/service-port.js';
import type { AddressInput } from '../sockets/sockaddr.js';
import { Socket } from '../sockets/socket.js';
import type { DatagramSocket } from '../sockets/socket-like.js';
import { removeStaleSocket } from '../sockets/unix-path.js';
import { takeOverDatagrams, tryHandle, type Way } from './open-datagrams.js';
import { DatagramEndpoint } from '../transports/datagram-endpoint.js';
import type { DatagramProtocol } from '../transports/datagram-protocol.js';
import { startWith } from '../transports/start-transport.js';
import type { DatagramTransport } from '../transports/transport.js';
import { checkOptions } from '../sockets/check-options.js';

/** An address of a datagram endpoint: a host and a port, or the path of a Unix socket. */
export type DatagramAddress = { readonly host: string | null; readonly port: Port } | string;

/** Options of `createDatagramEndpoint()`. Give at least one address, a family, or `sock` alone. */
export interface DatagramOptions {
  /** Where the socket is bound. */
  readonly localAddr?: DatagramAddress | null;
  /** Where the socket is connected: it sends there, and receives from there only. */
  readonly remoteAddr?: DatagramAddress | null;
  /** AF_INET, AF_INET6 or AF_UNIX; by default whatever the addresses have in common. */
  readonly family?: number;
  /** Such as IPPROTO_UDP; 0, which is the default, for any. */
  readonly proto?: number;
  /** AI_… constants for getaddrinfo(), combined by `|`. */
  readonly flags?: number;
  /** SO_REUSEPORT: several sockets share one address. */
  readonly reusePort?: boolean | null;
  /** SO_BROADCAST. The socket is not connected then; datagrams without an address go to `remoteAddr` all the same. */
  readonly allowBroadcast?: boolean | null;
  /** A socket to use instead. It is detached: the transport owns it from now on. No other option may be given beside it. */
  readonly sock?: Socket | null;
}

/**
 * Makes a socket of datagrams with its protocol, and resolves once the protocol's connectionMade has been called. Rejects with
 * TypeError when options contradict each other, and with the first system error when no family works. A rejected call leaves no
 * socket of its own open. Python: loop.create_datagram_endpoint().
 */
export async function createDatagramEndpoint<P extends DatagramProtocol>(
  loop: NetLoop,
  protocolFactory: () => P,
  options: DatagramOptions,
): Promise<[DatagramTransport, P]> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'createDatagramEndpoint');
  checkOptions(options);
  const { sock = null } = options;
  if (sock !== null) {
    checkAlone(options);
    checkDatagramSocket(sock);
    return start(loop, protocolFactory, await takeOverDatagrams(loop, sock), null);
  }
  const errors: SystemError[] = [];
  for (const way of await waysOf(loop, options)) {
    const { handles } = loop[NET];
    const opened = handles === null ? tryOpen(way, options) : await tryHandle(loop, handles, way, options);
    if (!isSystemError(opened)) return start(loop, protocolFactory, opened, way.remote);
    errors.push(opened);
  }
  throw errors[0] ?? typeError('can not get address information', 'ERR_INVALID_ARG_VALUE');
}

function checkDatagramSocket(sock: unknown): asserts sock is Socket {
  if (!(sock instanceof Socket)) throw typeError(`A Socket was expected, got ${inspect(sock, { depth: 0 })}`);
  if (sock.type === SOCK_DGRAM && sock.fileno() !== -1) return;
  throw typeError(`A datagram socket was expected, got ${inspect(sock)}`, 'ERR_INVALID_ARG_VALUE');
}

function checkAlone(options: DatagramOptions): void {
  const others = Object.entries(options).filter(
    ([name, value]) => name !== 'sock' && value != null && value !== false && value !== 0,
  );
  if (others.length === 0) return;
  const list = others.map(([name, value]) => `${name}=${inspect(value)}`).join(', ');
  throw typeError(
    `socket modifier keyword arguments can not be used when sock is specified. (${list})`,
    'ERR_INVALID_ARG_VALUE',
  );
}

async function waysOf(loop: NetLoop, options: DatagramOptions): Promise<Way[]> {
  const { localAddr = null, remoteAddr = null, family = AF_UNSPEC, proto = 0, flags = 0 } = options;
  if (localAddr === null && remoteAddr === null) {
    if (family === AF_UNSPEC) throw typeError('unexpected address family', 'ERR_INVALID_ARG_VALUE');
    return [{ family, local: null, remote: null }];
  }
  if (family === AF_UNIX || typeof localAddr === 'string' || typeof remoteAddr === 'string') {
    return [{ family: AF_UNIX, local: pathOf(localAddr), remote: pathOf(remoteAddr) }];
  }
  const hints = { family, type: SOCK_DGRAM, proto, flags };
  const locals = localAddr === null ? null : await resolveToBind(loop, localAddr.host, localAddr.port, hints);
  const remotes = remoteAddr === null ? null : await resolve(loop, remoteAddr.host, remoteAddr.port, hints);
  const families = [...new Set([...(locals ?? []), ...(remotes ?? [])].map((address) => address.family))];
  return families.flatMap((each) => {
    const local = firstOf(locals, each);
    const remote = firstOf(remotes, each);
    return local === undefined || remote === undefined ? [] : [{ family: each, local, remote }];
  });
}

/** Null where no address is asked for; undefined where there is none of that family. */
function firstOf(
  addresses: readonly ResolvedAddress[] | null,
  family: number,
): ResolvedAddress | null | undefined {
  return addresses === null ? null : addresses.find((address) => address.family === family);
}

function pathOf(address: DatagramAddress | null): string | null {
  if (address === null || typeof address === 'string') return address;
  throw typeError(`string is expected, got ${inspect(address, { depth: 0 })}`);
}

function tryOpen({ family, local, remote }: Way, options: DatagramOptions): Socket | SystemError {
  const { proto = 0, reusePort, allowBroadcast } = options;
  let sock: Socket | null = null;
  try {
    sock = new Socket(family, SOCK_DGRAM, { proto });
    if (reusePort === true) sock.setsockopt(SOL_SOCKET, SO_REUSEPORT, true);
    if (allowBroadcast === true) sock.setsockopt(SOL_SOCKET, SO_BROADCAST, true);
    if (local !== null) {
      if (typeof local === 'string') removeStaleSocket(local);
      sock.bind(local);
    }
    if (remote !== null && allowBroadcast !== true) sock.connect(remote); // a datagram socket connects at once
    return sock;
  } catch (thrown) {
    sock?.close();
    if (isSystemError(thrown)) return thrown;
    throw thrown;
  }
}

function start<P extends DatagramProtocol>(
  loop: NetLoop,
  protocolFactory: () => P,
  sock: DatagramSocket,
  remote: AddressInput | null,
): Promise<[DatagramTransport, P]> {
  return startWith(
    loop,
    protocolFactory,
    sock,
    (protocol, onStarted) => new DatagramEndpoint(loop, sock, { protocol, remote, onStarted }),
  );
}
