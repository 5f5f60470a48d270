import { inspect } from 'node:util';
import type { SocketAddress } from './sockaddr.js';
import type { Socket } from './socket.js';

/** A transport's socket, to look at and to set options on: reading and writing is the transport's. Python: TransportSocket. */
export class TransportSocket {
  readonly #sock: Socket;

  constructor(sock: Socket) {
    this.#sock = sock;
  }

  get family(): number {
    return this.#sock.family;
  }

  get type(): number {
    return this.#sock.type;
  }

  get proto(): number {
    return this.#sock.proto;
  }

  fileno(): number {
    return this.#sock.fileno();
  }

  /** A second socket on the same connection; it belongs to the caller. */
  dup(): Socket {
    return this.#sock.dup();
  }

  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void {
    this.#sock.setsockopt(level, name, value);
  }

  getsockopt(level: number, name: number): number;
  getsockopt(level: number, name: number, bytes: number): Buffer;
  getsockopt(level: number, name: number, bytes?: number): number | Buffer {
    return bytes === undefined
      ? this.#sock.getsockopt(level, name)
      : this.#sock.getsockopt(level, name, bytes);
  }

  getsockname(): SocketAddress | string {
    return this.#sock.getsockname();
  }

  getpeername(): SocketAddress | string {
    return this.#sock.getpeername();
  }

  [inspect.custom](): string {
    return `<TransportSocket of ${inspect(this.#sock)}>`;
  }
}
