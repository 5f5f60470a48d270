import {
  Server,
  type StreamProtocol,
  type SelectorEventLoop,
  type Socket,
  type SocketAddress,
} from '@ringloop/net';
import { serverPlan } from '@ringloop/net/internal';
import type { HostParts } from './make-host.js';
import type { StationHost } from './station-host.js';

/** Serves connections by protocols: a server without listening sockets. */
export class ProtocolHost implements StationHost {
  readonly #server: Server;
  #size = 0;

  constructor(
    loop: SelectorEventLoop,
    protocolFactory: () => StreamProtocol,
    { tls, onGone }: Pick<HostParts, 'tls' | 'onGone'>,
  ) {
    const gone = (): void => {
      this.#size--;
      onGone();
    };
    this.#server = new Server(loop, [], {
      protocolFactory,
      backlog: 0,
      tls: tls === null ? null : serverPlan(tls),
      onGone: gone,
    });
  }

  get size(): number {
    return this.#size;
  }

  accept(sock: Socket, peername: SocketAddress | string | null): void {
    this.#size++;
    this.#server.accept(sock, peername);
  }

  closeClients(): void {
    this.#server.closeClients();
  }

  abortClients(): void {
    this.#server.abortClients();
  }

  async drain(): Promise<void> {
    this.#server.close();
    await this.#server.waitClosed();
  }
}
