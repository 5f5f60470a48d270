import type { SocketAddress } from '../sockets/sockaddr.js';

/** One way to reach a host: what a socket must be made with, and the address. Python: a tuple of socket.getaddrinfo(). */
export interface AddressInfo {
  /** AF_INET or AF_INET6. */
  readonly family: number;
  /** SOCK_STREAM, SOCK_DGRAM or SOCK_RAW. */
  readonly type: number;
  /** Such as IPPROTO_TCP. */
  readonly proto: number;
  /** The host's canonical name in the first entry, if AI_CANONNAME asks for it; `''` otherwise. */
  readonly canonname: string;
  readonly sockaddr: SocketAddress;
}

/** Options of `loop.getaddrinfo()`: which entries are wanted. 0 stands for any, and is the default. */
export interface AddressInfoOptions {
  /** AF_INET or AF_INET6. */
  readonly family?: number;
  /** SOCK_STREAM or SOCK_DGRAM. */
  readonly type?: number;
  /** IPPROTO_TCP or IPPROTO_UDP. */
  readonly proto?: number;
  /** AI_… constants, combined by `|`. */
  readonly flags?: number;
}

/** What getaddrinfo(3) is asked for. */
export type Hints = Required<AddressInfoOptions>;
