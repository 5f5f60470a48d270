/**
 * The options of a socket by name, as values of JavaScript. Which number stands for an option, at which level, and in which unit the
 * system takes it, is said in the table below and nowhere else.
 */
import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import {
  AF_INET6,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_LOOP,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_KEEPALIVE,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOL_SOCKET,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
} from '../libc/linux-abi.js';
import { flag, type OptionAccess, type OptionKind, whole, LINGER, USER_TIMEOUT } from './option-kinds.js';

/** The options that `setOption()` sets and `getOption()` reads, and what their values are. */
export interface SocketOptionValues {
  /** Whether it may be bound to an address that old connections still use. SO_REUSEADDR. */
  reuseAddress: boolean;
  /** Whether several sockets of one user share one address and port, and the system spreads what arrives. SO_REUSEPORT. */
  reusePort: boolean;
  /** Whether datagrams may go to broadcast addresses. SO_BROADCAST. */
  broadcast: boolean;
  /** Bytes of the system's send buffer. The system reserves twice as many, which is what is read, within limits of its own. SO_SNDBUF. */
  sendBuffer: number;
  /** Bytes of the system's receive buffer; as `sendBuffer`. SO_RCVBUF. */
  receiveBuffer: number;
  /**
   * Seconds, a whole number up to 65535, that the system goes on sending after the socket was closed. 0: a close discards what was not
   * sent and resets the connection. Null, the default: the system decides. SO_LINGER.
   */
  linger: number | null;
  /** Whether the system probes a TCP connection that is idle. SO_KEEPALIVE. */
  keepAlive: boolean;
  /** Seconds, a whole number from 1 to 32767, that a TCP connection is idle before it is probed. TCP_KEEPIDLE. */
  keepIdle: number;
  /** Seconds, a whole number from 1 to 32767, between two probes. TCP_KEEPINTVL. */
  keepInterval: number;
  /** Unanswered probes, from 1 to 127, that end the connection. TCP_KEEPCNT. */
  keepCount: number;
  /** Whether small packets are sent at once. Transports of TCP set it. TCP_NODELAY. */
  noDelay: boolean;
  /**
   * Seconds, to the millisecond, that data may stay unacknowledged before a TCP connection ends with ETIMEDOUT; 0: the system's
   * default. TCP_USER_TIMEOUT.
   */
  userTimeout: number;
  /** Whether an IPv6 socket takes no IPv4. Set it before it is bound. IPV6_V6ONLY. */
  v6only: boolean;
  /** Routers, from 1 to 255, that a packet may pass. IP_TTL, IPV6_UNICAST_HOPS. */
  ttl: number;
  /** The byte of the IP header, from 0 to 255, that says how packets are to be treated. IP_TOS, IPV6_TCLASS. */
  typeOfService: number;
  /** Routers, from 0 to 255, that a multicast datagram may pass; 1 by default. IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS. */
  multicastTtl: number;
  /** Whether this machine gets the multicast datagrams that it sends. IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP. */
  multicastLoopback: boolean;
}

/** The options that can only be read. */
export interface ReadOnlySocketOptionValues {
  /** Whether it is a listening socket. SO_ACCEPTCONN. */
  readonly listening: boolean;
}

/** The name of an option that can be set. */
export type SocketOptionName = keyof SocketOptionValues;

/** All options that can be read. */
export type ReadableSocketOptionValues = SocketOptionValues & ReadOnlySocketOptionValues;

const SECONDS = { min: 1, max: 32_767 }; // the kernel's MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL
const PROBES = { min: 1, max: 127 }; // the kernel's MAX_TCP_KEEPCNT
const BYTE = { min: 0, max: 255 };

type KindFor<Values> = { readonly [K in keyof Values]: OptionKind<Values[K]> };

const OPTIONS: KindFor<SocketOptionValues> = {
  reuseAddress: flag(SOL_SOCKET, SO_REUSEADDR),
  reusePort: flag(SOL_SOCKET, SO_REUSEPORT),
  broadcast: flag(SOL_SOCKET, SO_BROADCAST),
  sendBuffer: whole(SOL_SOCKET, SO_SNDBUF, { min: 0 }),
  receiveBuffer: whole(SOL_SOCKET, SO_RCVBUF, { min: 0 }),
  linger: LINGER,
  keepAlive: flag(SOL_SOCKET, SO_KEEPALIVE),
  keepIdle: whole(IPPROTO_TCP, TCP_KEEPIDLE, SECONDS),
  keepInterval: whole(IPPROTO_TCP, TCP_KEEPINTVL, SECONDS),
  keepCount: whole(IPPROTO_TCP, TCP_KEEPCNT, PROBES),
  noDelay: flag(IPPROTO_TCP, TCP_NODELAY),
  userTimeout: USER_TIMEOUT,
  v6only: flag(IPPROTO_IPV6, IPV6_V6ONLY),
  ttl: byFamily(
    whole(IPPROTO_IP, IP_TTL, { ...BYTE, min: 1 }),
    whole(IPPROTO_IPV6, IPV6_UNICAST_HOPS, { ...BYTE, min: 1 }),
  ),
  typeOfService: byFamily(whole(IPPROTO_IP, IP_TOS, BYTE), whole(IPPROTO_IPV6, IPV6_TCLASS, BYTE)),
  multicastTtl: byFamily(
    whole(IPPROTO_IP, IP_MULTICAST_TTL, BYTE),
    whole(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, BYTE),
  ),
  multicastLoopback: byFamily(flag(IPPROTO_IP, IP_MULTICAST_LOOP), flag(IPPROTO_IPV6, IPV6_MULTICAST_LOOP)),
};

const READ_ONLY: KindFor<ReadOnlySocketOptionValues> = { listening: flag(SOL_SOCKET, SO_ACCEPTCONN) };
const READABLE: KindFor<ReadableSocketOptionValues> = { ...OPTIONS, ...READ_ONLY };

/** What `Socket.setOption()` does, and throws. */
export function setNamedOption<K extends SocketOptionName>(
  sock: OptionAccess,
  name: K,
  value: SocketOptionValues[K],
): void {
  if (!Object.hasOwn(OPTIONS, name)) throw notAnOption(name);
  const kind: OptionKind<SocketOptionValues[K]> = OPTIONS[name];
  kind.set(sock, name, value);
}

/** What `Socket.getOption()` does, and throws. */
export function getNamedOption<K extends keyof ReadableSocketOptionValues>(
  sock: OptionAccess,
  name: K,
): ReadableSocketOptionValues[K] {
  if (!Object.hasOwn(READABLE, name)) throw notAnOption(name);
  const kind: OptionKind<ReadableSocketOptionValues[K]> = READABLE[name];
  return kind.get(sock);
}

/** An option that IPv4 and IPv6 number differently. The system refuses IPv4's for a socket that is neither. */
function byFamily<T>(ipv4: OptionKind<T>, ipv6: OptionKind<T>): OptionKind<T> {
  const of = (sock: OptionAccess): OptionKind<T> => (sock.family === AF_INET6 ? ipv6 : ipv4);
  return {
    get: (sock) => of(sock).get(sock),
    set: (sock, name, value) => of(sock).set(sock, name, value),
  };
}

function notAnOption(name: unknown): TypeError {
  const message =
    typeof name === 'string' && Object.hasOwn(READ_ONLY, name)
      ? `Socket option ${inspect(name)} can only be read`
      : `Unknown socket option: ${inspect(name, { depth: 0 })}`;
  return typeError(message, 'ERR_INVALID_ARG_VALUE');
}
