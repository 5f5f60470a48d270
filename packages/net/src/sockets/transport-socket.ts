import { inspect } from 'node:util';
import { NoEpollError } from '../errors.js';
import { changeMembership, chooseMulticastInterface, type NetworkInterface } from './multicast.js';
import {
  getNamedOption,
  type ReadableSocketOptionValues,
  setNamedOption,
  type SocketOptionName,
  type SocketOptionValues,
} from './named-options.js';
import { checkNonBlocking, checkTimeout } from './never-blocking.js';
import type { SocketAddress } from './sockaddr.js';
import { INT_MAX } from './check-int.js';
import { Socket } from './socket.js';
import type { SocketTicket } from './socket-ticket.js';
import type { SocketView } from './socket-like.js';

/**
 * The socket of a transport or a server. You can inspect it and set its options; only the transport reads and writes.
 * Python: TransportSocket.
 */
export class TransportSocket {
  readonly #sock: SocketView;

  constructor(sock: SocketView) {
    this.#sock = sock;
  }

  /** The address family, such as AF_INET. */
  get family(): number {
    return this.#sock.family;
  }

  /** The socket type, such as SOCK_STREAM. */
  get type(): number {
    return this.#sock.type;
  }

  /** The protocol number, such as IPPROTO_TCP; 0 for the default of family and type. */
  get proto(): number {
    return this.#sock.proto;
  }

  /** The descriptor's number; -1 once the socket is closed, and in a loop on Node's handles, which do not tell it. */
  fileno(): number {
    const number = this.#sock.fileno();
    return number > INT_MAX ? -1 : number;
  }

  /**
   * Returns a second socket on the same connection. The caller owns it and must close it.
   * @throws {NoEpollError} ERR_NO_EPOLL in a loop on Node's handles
   */
  dup(): Socket {
    return this.#sock.dup();
  }

  /**
   * Sets an option, see `Socket.setsockopt()`. A loop on Node's handles has those that Node can set: TCP_NODELAY, SO_KEEPALIVE and
   * SO_LINGER of a connection; SO_BROADCAST, SO_RCVBUF and SO_SNDBUF of datagrams.
   * @throws {NoEpollError} ERR_NO_EPOLL for any other option in such a loop
   * @throws {SystemError} such as ENOPROTOOPT; EBADF once the socket is closed
   */
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void {
    this.#sock.setsockopt(level, name, value);
  }

  /**
   * Returns the value of an int option. With `bytes`, returns at most that many bytes of the option as they are in
   * memory. A loop on Node's handles knows what it has set itself.
   * @throws {NoEpollError} ERR_NO_EPOLL for any other option in such a loop
   * @throws {SystemError} such as ENOPROTOOPT; EBADF once the socket is closed
   */
  getsockopt(level: number, name: number): number;
  getsockopt(level: number, name: number, bytes: number): Buffer;
  getsockopt(level: number, name: number, bytes?: number): number | Buffer {
    return bytes === undefined
      ? this.#sock.getsockopt(level, name)
      : this.#sock.getsockopt(level, name, bytes);
  }

  /**
   * Sets an option by its name, see `SocketOptionValues`: `setOption('keepAlive', true)`.
   * @throws {SystemError} such as ENOPROTOOPT, ENOTSUP when the socket has no such option; EBADF once it is closed
   * @throws {TypeError} ERR_INVALID_ARG_VALUE for a name that is none or can only be read; ERR_INVALID_ARG_TYPE for a wrong type
   * @throws {RangeError} when a number is out of the option's range
   */
  setOption<K extends SocketOptionName>(name: K, value: SocketOptionValues[K]): void {
    setNamedOption(this.#sock, name, value);
  }

  /**
   * Returns the value of an option by its name, as the system has it now. Throws as `setOption()`.
   */
  getOption<K extends keyof ReadableSocketOptionValues>(name: K): ReadableSocketOptionValues[K] {
    return getNamedOption(this.#sock, name);
  }

  /**
   * Receives what is sent to a multicast group, on that interface. Python: setsockopt() with IP_ADD_MEMBERSHIP or IPV6_JOIN_GROUP.
   * @param networkInterface its name, its index, or its IPv4 address; 0, the default, leaves the choice to the system
   * @throws {SystemError} such as EADDRINUSE when it is in the group already, ENODEV
   * @throws {TypeError} when the group is not an address of the socket's family, or there is no such interface
   */
  addMembership(group: string, networkInterface: NetworkInterface = 0): void {
    changeMembership(this.#sock, 'add', group, networkInterface);
  }

  /** Leaves a multicast group. Throws as `addMembership()`, and EADDRNOTAVAIL when the socket was not in it. */
  dropMembership(group: string, networkInterface: NetworkInterface = 0): void {
    changeMembership(this.#sock, 'drop', group, networkInterface);
  }

  /** Chooses the interface on which multicast datagrams are sent. Throws as `addMembership()`. */
  setMulticastInterface(networkInterface: NetworkInterface): void {
    chooseMulticastInterface(this.#sock, networkInterface);
  }

  /**
   * Only for code that comes from Python: all sockets here are non-blocking, and stay so.
   * @throws {TypeError} for `true`, and for what is not a boolean
   */
  setblocking(blocking: boolean): void {
    checkNonBlocking(blocking);
  }

  /**
   * Only for code that comes from Python: 0, which stands for a non-blocking socket, is accepted.
   * @throws {RangeError} for any other number of seconds, and for null, which would stand for a blocking socket
   * @throws {TypeError} for what is neither
   */
  settimeout(seconds: number | null): void {
    checkTimeout(seconds);
  }

  /** Always 0: the socket is non-blocking. */
  gettimeout(): number {
    return 0;
  }

  /**
   * Ends one or both directions, without the transport's knowledge: `writeEof()` of the transport first sends what it has buffered.
   * @throws {SystemError} ENOTCONN; EBADF once the socket is closed
   * @throws {NoEpollError} ERR_NO_EPOLL in a loop on Node's handles
   */
  shutdown(how: number): void {
    this.#real('shutdown()').shutdown(how);
  }

  /**
   * Returns what another thread needs to open a second descriptor of the socket, see `Socket.ticket()`.
   * @throws {SystemError} EBADF once the socket is closed
   * @throws {NoEpollError} ERR_NO_EPOLL in a loop on Node's handles
   */
  ticket(): SocketTicket {
    return this.#real('ticket()').ticket();
  }

  /**
   * Returns the local address. The transport's `getExtraInfo()` still has it once the socket is closed.
   * @throws {SystemError} EBADF once the socket is closed
   */
  getsockname(): SocketAddress | string {
    return this.#sock.getsockname();
  }

  /**
   * Returns the peer's address. The transport's `getExtraInfo()` still has it once the socket is closed.
   * @throws {SystemError} ENOTCONN without a peer; EBADF once the socket is closed
   */
  getpeername(): SocketAddress | string {
    return this.#sock.getpeername();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<TransportSocket of ${inspect(this.#sock)}>`;
  }

  #real(what: string): Socket {
    if (this.#sock instanceof Socket) return this.#sock;
    throw new NoEpollError(`Cannot use ${what} of Node's own handle: its descriptor is not known`);
  }
}
