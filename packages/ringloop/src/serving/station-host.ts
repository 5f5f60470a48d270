import type { SelectorEventLoop, Socket, SocketAddress, TlsCallOptions } from '@ringloop/net';
import type { HttpContext } from './http-application.js';

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

/** What a host gets from its station. */
export interface HostParts extends HttpContext {
  readonly loop: SelectorEventLoop;
  /** How connections are encrypted. */
  readonly tls: TlsCallOptions | null;
  /** Called when a connection is gone. */
  readonly onGone: () => void;
}
