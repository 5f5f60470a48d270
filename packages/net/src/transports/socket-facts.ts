import { addressOrNull } from '../sockets/address-or-null.js';
import type { SocketAddress } from '../sockets/sockaddr.js';
import type { SocketView } from '../sockets/socket-like.js';
import { TransportSocket } from '../sockets/transport-socket.js';

type Address = SocketAddress | string | null;

/**
 * What `getExtraInfo()` tells of a socket. The system is asked for the socket's own address when somebody wants to know, or at
 * the end: most connections are never asked, and 10,000 of them would keep 10,000 addresses.
 */
export class SocketFacts {
  readonly #sock: SocketView;
  readonly #peername: Address;
  #sockname: Address | undefined;
  #socket: TransportSocket | null = null;

  /** @param peername if it is known; otherwise the system is asked, as long as it knows */
  constructor(sock: SocketView, peername: Address | undefined) {
    this.#sock = sock;
    this.#peername = peername ?? addressOrNull(() => sock.getpeername());
  }

  get(name: string, defaultValue: unknown): unknown {
    if (name === 'peername') return this.#peername;
    if (name === 'sockname') return this.#askSockname();
    if (name === 'socket') return (this.#socket ??= new TransportSocket(this.#sock));
    return this.#sock.extraInfo?.(name) ?? defaultValue;
  }

  /** Call it before the socket is closed: the facts stay available. */
  keep(): void {
    this.#askSockname();
  }

  #askSockname(): Address {
    return (this.#sockname ??= addressOrNull(() => this.#sock.getsockname()));
  }
}
