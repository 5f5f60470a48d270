import type { Socket, SocketAddress } from '@ringloop/net';

/** Serves the connections of one server in one loop. */
export interface StationHost {
  /** Number of connections. */
  readonly size: number;
  /** Serves a connection. Owns `sock`. */
  accept(sock: Socket, peername: SocketAddress | string | null): void;
  /** Closes the connections: what is buffered is sent. */
  closeClients(): void;
  /** Closes them at once. */
  abortClients(): void;
  /** No further connection will come. Resolves when the last one is gone. Further calls resolve likewise. */
  drain(): Promise<void>;
}
