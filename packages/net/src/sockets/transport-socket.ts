import { inspect } from 'node:util';
import type { SocketAddress } from './sockaddr.js';
import { INT_MAX } from './check-int.js';
import type { Socket } from './socket.js';
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
