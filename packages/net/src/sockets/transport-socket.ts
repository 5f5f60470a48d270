import { inspect } from 'node:util';
import type { NetworkInterface } from './multicast.js';
import type { ReadableSocketOptionValues, SocketOptionName, SocketOptionValues } from './named-options.js';
import type { SocketAddress } from './sockaddr.js';
import type { Socket } from './socket.js';
import type { SocketTicket } from './socket-ticket.js';

/**
 * The socket of a transport or a server. You can inspect it and set its options; only the transport reads and writes.
 * Python: TransportSocket.
 */
export class TransportSocket {
  readonly #sock: Socket;

  constructor(sock: Socket) {
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

  /** The descriptor's number, -1 once the socket is closed. */
  fileno(): number {
    return this.#sock.fileno();
  }

  /** Returns a second socket on the same connection. The caller owns it and must close it. */
  dup(): Socket {
    return this.#sock.dup();
  }

  /**
   * Sets an option, see `Socket.setsockopt()`.
   * @throws {SystemError} such as ENOPROTOOPT; EBADF once the socket is closed
   */
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void {
    this.#sock.setsockopt(level, name, value);
  }

  /**
   * Returns the value of an int option. With `bytes`, returns at most that many bytes of the option as they are in
   * memory.
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
    this.#sock.setOption(name, value);
  }

  /**
   * Returns the value of an option by its name, as the system has it now. Throws as `setOption()`.
   */
  getOption<K extends keyof ReadableSocketOptionValues>(name: K): ReadableSocketOptionValues[K] {
    return this.#sock.getOption(name);
  }

  /**
   * Receives what is sent to a multicast group, on that interface. Python: setsockopt() with IP_ADD_MEMBERSHIP or IPV6_JOIN_GROUP.
   * @param networkInterface its name, its index, or its IPv4 address; 0, the default, leaves the choice to the system
   * @throws {SystemError} such as EADDRINUSE when it is in the group already, ENODEV
   * @throws {TypeError} when the group is not an address of the socket's family, or there is no such interface
   */
  addMembership(group: string, networkInterface: NetworkInterface = 0): void {
    this.#sock.addMembership(group, networkInterface);
  }

  /** Leaves a multicast group. Throws as `addMembership()`, and EADDRNOTAVAIL when the socket was not in it. */
  dropMembership(group: string, networkInterface: NetworkInterface = 0): void {
    this.#sock.dropMembership(group, networkInterface);
  }

  /** Chooses the interface on which multicast datagrams are sent. Throws as `addMembership()`. */
  setMulticastInterface(networkInterface: NetworkInterface): void {
    this.#sock.setMulticastInterface(networkInterface);
  }

  /**
   * Only for code that comes from Python: all sockets here are non-blocking, and stay so.
   * @throws {TypeError} for `true`, and for what is not a boolean
   */
  setblocking(blocking: boolean): void {
    this.#sock.setblocking(blocking);
  }

  /**
   * Only for code that comes from Python: 0, which stands for a non-blocking socket, is accepted.
   * @throws {RangeError} for any other number of seconds, and for null, which would stand for a blocking socket
   * @throws {TypeError} for what is neither
   */
  settimeout(seconds: number | null): void {
    this.#sock.settimeout(seconds);
  }

  /** Always 0: the socket is non-blocking. */
  gettimeout(): number {
    return this.#sock.gettimeout();
  }

  /**
   * Ends one or both directions, without the transport's knowledge: `writeEof()` of the transport first sends what it has buffered.
   * @throws {SystemError} ENOTCONN; EBADF once the socket is closed
   */
  shutdown(how: number): void {
    this.#sock.shutdown(how);
  }

  /**
   * Returns what another thread needs to open a second descriptor of the socket, see `Socket.ticket()`.
   * @throws {SystemError} EBADF once the socket is closed
   */
  ticket(): SocketTicket {
    return this.#sock.ticket();
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
}
