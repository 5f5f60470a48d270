/**
 * Serves connections by a server of Node that never listens: it is handed each connection. Such a server lacks what
 * listening would give it, so this does it:
 *
 * - Its time limits (headersTimeout, requestTimeout) and closeIdleConnections() work only after 'listening', which is emitted.
 * - It counts no connections, so they are counted here.
 * - close() does nothing to idle connections, and cannot wait for the others, see `drain()`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server as NodeServer, Socket as NodeSocket } from 'node:net';
import { toError } from '@ringloop/core/internal';
import {
  type SelectorEventLoop,
  type Socket,
  type SslOptions,
  type TlsCallOptions,
  toNodeSocket,
} from '@ringloop/net';
import type { OpenApplication } from './http-application.js';
import type { HostParts } from './make-host.js';
import type { StationHost } from './station-host.js';

/** Milliseconds between two looks for connections that have become idle while the service closes. Arbitrary. */
const LOOK_MS = 10;

/** Seconds; as of `createServer()`. */
const HANDSHAKE_TIMEOUT = 60;

export class HttpHost implements StationHost {
  readonly #loop: SelectorEventLoop;
  readonly #application: OpenApplication;
  /** Is given the connections. */
  readonly #entrance: NodeServer;
  readonly #onGone: () => void;
  readonly #sockets = new Set<NodeSocket>();
  readonly #answering = new Set<ServerResponse>();
  #draining: Promise<void> | null = null;
  #empty: () => void = () => undefined;

  constructor(
    loop: SelectorEventLoop,
    application: OpenApplication,
    { tls, onGone }: Pick<HostParts, 'tls' | 'onGone'>,
  ) {
    this.#loop = loop;
    this.#application = application;
    this.#onGone = onGone;
    const { server } = application;
    this.#entrance = tls === null ? server : decrypting(server, tls);
    server.prependListener('request', this.#onRequest);
    server.emit('listening');
  }

  get size(): number {
    return this.#sockets.size;
  }

  accept(sock: Socket): void {
    let socket: NodeSocket;
    try {
      socket = toNodeSocket(sock, { allowHalfOpen: true }); // as the sockets of Node's own servers
    } catch (thrown) {
      this.#onGone();
      const message = 'Error on transport creation for incoming connection';
      this.#loop.callExceptionHandler({ message, exception: toError(thrown) });
      return;
    }
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#onGone();
      if (this.#sockets.size === 0) this.#empty();
    });
    this.#entrance.emit('connection', socket);
  }

  closeClients(): void {
    for (const socket of [...this.#sockets]) socket.end();
  }

  abortClients(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  /** Answers that are being sent are finished, and tell their clients that the connection ends. Cuts none. */
  drain(): Promise<void> {
    return (this.#draining ??= this.#drain());
  }

  async #drain(): Promise<void> {
    const { server } = this.#application;
    for (const response of this.#answering) endAfter(response);
    if (this.#sockets.size > 0) {
      const empty = new Promise<void>((resolve) => (this.#empty = resolve));
      // A connection is not idle in Node's eyes at once when its answer is sent, so look again and again.
      server.closeIdleConnections();
      const looking = setInterval(() => server.closeIdleConnections(), LOOK_MS);
      await empty;
      clearInterval(looking);
    }
    server.close(() => undefined); // stops its timers; that it did not listen is no error here
    await this.#application.close();
  }

  readonly #onRequest = (_request: IncomingMessage, response: ServerResponse): void => {
    if (this.#draining !== null) endAfter(response);
    this.#answering.add(response);
    response.once('close', () => this.#answering.delete(response));
  };
}

/** Closes the connection after this answer. If the answer has begun, it is closed when it is idle. */
function endAfter(response: ServerResponse): void {
  if (!response.headersSent) response.shouldKeepAlive = false;
}

/** A server of Node's that makes the handshakes, and gives what comes of them to `server`. It never listens either. */
function decrypting(server: NodeServer, tls: TlsCallOptions): NodeServer {
  const { Server: TlsServer } = process.getBuiltinModule('node:tls');
  const { ssl, sslHandshakeTimeout } = tls;
  const entrance = new TlsServer({
    ...(ssl as SslOptions), // sendableTls() has refused everything else
    handshakeTimeout: (sslHandshakeTimeout ?? HANDSHAKE_TIMEOUT) * 1000,
  });
  entrance.on('secureConnection', (socket) => server.emit('connection', socket));
  return entrance;
}
