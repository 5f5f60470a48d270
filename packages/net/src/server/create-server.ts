import { inspect } from 'node:util';
import { checkCallback, typeError } from '@ringloop/core/internal';
import { checkInt } from '../sockets/check-int.js';
import {
  AF_INET6,
  AF_UNSPEC,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../libc/linux-abi.js';
import { NET, type NetLoop } from '../loop-net.js';
import { serverPlan, type TlsCallOptions, type TlsPlan } from '../tls/ssl-options.js';
import type { ProtocolFactory } from '../transports/protocol.js';
import { resolveToBind, type ResolvedAddress } from '../names/resolve.js';
import { Server } from './server.js';
import type { Port } from '../sockets/service-port.js';
import { Socket } from '../sockets/socket.js';
import type { ListeningSocket } from '../sockets/socket-like.js';
import { skippable } from './bind-outcome.js';
import { listenOne } from './listen-one.js';
import { takeOverListener } from './take-over-listener.js';
import { checkStreamSocket } from '../sockets/stream-socket.js';
import { EADDRNOTAVAIL } from '../libc/syscalls.js';
import { isSystemError } from '../libc/system-error.js';

/** Options of `createServer()`: where to listen. Give either hosts and a port, or `sock`, never both. */
export interface ServerOptions extends TlsCallOptions {
  /** One name or IP address, an array of them, or '' or null for all interfaces. */
  readonly host?: string | readonly string[] | null;
  /** 0 or null lets the system pick a port, for each socket separately. */
  readonly port?: Port;
  /** AF_INET or AF_INET6 to use only addresses of this family; both by default. */
  readonly family?: number;
  /** AI_… constants for getaddrinfo(), combined by `|`. AI_PASSIVE is always among them. */
  readonly flags?: number;
  /** Connections that may wait to be accepted; 100 by default. */
  readonly backlog?: number;
  /** A bound socket to use instead of host and port. The server owns it from now on. */
  readonly sock?: Socket | null;
  /** SO_REUSEADDR; true by default. */
  readonly reuseAddress?: boolean | null;
  /** SO_REUSEPORT: several servers, in this or other loops, share one port. */
  readonly reusePort?: boolean | null;
  /** SO_KEEPALIVE on the connections. */
  readonly keepAlive?: boolean | null;
  /** False to accept nothing before `startServing()` or `serveForever()`; true by default. */
  readonly startServing?: boolean;
}

/**
 * Binds a socket to each address of the hosts, and starts to listen unless `startServing` is false. Rejects with
 * TypeError when options contradict each other, and with the system's error, with asyncio's message, when a socket
 * cannot be bound. A rejected call leaves no socket of its own open. Python: loop.create_server().
 */
export async function createServer(
  loop: NetLoop,
  protocolFactory: ProtocolFactory,
  options: ServerOptions,
): Promise<Server> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'createServer');
  const { sockets, backlog, tls } = await bindServer(loop, options);
  const server = new Server(loop, sockets, { protocolFactory, backlog, tls });
  if (options.startServing !== false) server.listenOrClose();
  return server;
}

/** Checks the options, and binds the sockets of a server. */
export async function bindServer(
  loop: NetLoop,
  options: ServerOptions,
): Promise<{ sockets: readonly ListeningSocket[]; backlog: number; tls: TlsPlan | null }> {
  const tls = serverPlan(options);
  const { host = null, port = null, sock = null, backlog = 100 } = options;
  if (!Number.isInteger(backlog)) throw typeError(`backlog must be an integer, got ${inspect(backlog)}`);
  checkInt(backlog, 'backlog', { min: 0 });
  checkHosts(host);
  if (sock !== null && (host !== null || port !== null)) {
    throw typeError('host/port and sock can not be specified at the same time', 'ERR_INVALID_ARG_VALUE');
  }
  if (sock === null && host === null && port === null) {
    throw typeError('Neither host/port nor sock were specified', 'ERR_INVALID_ARG_VALUE');
  }
  if (sock !== null) checkStreamSocket(sock);
  const sockets =
    sock === null
      ? await bindAll(loop, await resolveHosts(loop, options), options)
      : [await takeOverListener(loop, sock, backlog)];
  return { sockets, backlog, tls };
}

/** @throws {TypeError} when `host` is not a string, an array or null */
function checkHosts(host: unknown): void {
  if (host === null || typeof host === 'string' || Array.isArray(host)) return; // resolve() checks the elements
  throw typeError(`host must be a string, an array of them, or null, got ${inspect(host, { depth: 0 })}`);
}

/** Resolves all hosts, and drops duplicate addresses. */
async function resolveHosts(
  loop: NetLoop,
  { host = null, port = null, family = AF_UNSPEC, flags = 0 }: ServerOptions,
): Promise<ResolvedAddress[]> {
  const hosts = host === null || typeof host === 'string' ? [host] : host;
  const hints = { family, type: SOCK_STREAM, flags };
  const found = await Promise.all(hosts.map((name) => resolveToBind(loop, name, port, hints)));
  return [...new Map(found.flat().map((address) => [`${address.family} ${address.host}`, address])).values()];
}

async function bindAll(
  loop: NetLoop,
  addresses: readonly ResolvedAddress[],
  options: ServerOptions,
): Promise<ListeningSocket[]> {
  const sockets: ListeningSocket[] = [];
  const { handles } = loop[NET];
  try {
    for (const address of addresses) {
      const sock =
        handles === null ? bindOne(address, options) : await listenOne(loop, handles, address, options);
      if (sock !== null) sockets.push(sock);
    }
    if (sockets.length === 0) throw noAddress(addresses);
    return sockets;
  } catch (thrown) {
    for (const sock of sockets) sock.close();
    throw thrown;
  }
}

/** Returns null when this machine does not have the address: another address of the host may work. */
function bindOne(address: ResolvedAddress, options: ServerOptions): Socket | null {
  const sock = openSocket(address);
  if (sock === null) return null;
  try {
    sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, options.reuseAddress ?? true);
    if (options.reusePort === true) sock.setsockopt(SOL_SOCKET, SO_REUSEPORT, true);
    if (options.keepAlive === true) sock.setsockopt(SOL_SOCKET, SO_KEEPALIVE, true);
    // Otherwise the IPv6 socket would take the port for IPv4, too, and the IPv4 socket could not be bound.
    if (address.family === AF_INET6) sock.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, true);
    sock.bind(address);
    return sock;
  } catch (thrown) {
    sock.close();
    return skippable(thrown, address);
  }
}

/**
 * Returns null when this machine does not support the family: IPv6 is often switched off. Throws other errors: when
 * descriptors have run out, for example, the next address would fail as well.
 */
function openSocket({ family, proto }: ResolvedAddress): Socket | null {
  try {
    return new Socket(family, SOCK_STREAM, { proto });
  } catch (thrown) {
    if (isSystemError(thrown) && UNKNOWN_FAMILY.has(thrown.code)) return null;
    throw thrown;
  }
}

/** Error codes of socket() for a family that is not supported: socket(2). */
const UNKNOWN_FAMILY: ReadonlySet<string | undefined> = new Set([
  'EAFNOSUPPORT',
  'EPROTONOSUPPORT',
  'EINVAL',
]);

function noAddress(addresses: readonly ResolvedAddress[]): Error {
  const list = addresses.map(({ host, port }) => `('${host}', ${port})`).join(', ');
  const message = `could not bind on any address out of [${list}]`;
  return Object.assign(new Error(message), { code: 'EADDRNOTAVAIL', errno: -EADDRNOTAVAIL, syscall: 'bind' });
}
