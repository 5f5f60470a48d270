import { inspect } from 'node:util';
import type { SocketAddress } from './sockaddr.js';
import type { Socket } from './socket.js';

/** A transport's socket, to look at and to set options on: reading and writing is the transport's. Python: TransportSocket. */
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

  /** A second socket on the same connection; it belongs to the caller. */
  dup(): Socket {
    return this.#sock.dup();
  }

  /**
   * As `Socket.setsockopt()`.
   * @throws {SystemError} such as ENOPROTOOPT; EBADF once the socket is closed
   */
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void {
    this.#sock.setsockopt(level, name, value);
  }

  /**
   * An int option's value, or with `bytes` the option as it is in memory.
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
   * Our own address. `getExtraInfo()` still has it once the socket is closed.
   * @throws {SystemError} EBADF once the socket is closed
   */
  getsockname(): SocketAddress | string {
    return this.#sock.getsockname();
  }

  /**
   * The peer's address. `getExtraInfo()` still has it once the socket is closed.
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
