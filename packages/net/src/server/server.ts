import { inspect } from 'node:util';
import { type Awaitable, CancelledError, type Future } from '@ringloop/core';
import { endsTheLoop, startFunction, toError } from '@ringloop/core/internal';
import { ServerStateError } from '../errors.js';
import { Listener, type OnConnection } from './listener.js';
import { type Abandonable, NET, type NetLoop } from '../loop-net.js';
import { isWrongProtocol, makeProtocol } from '../transports/make-protocol.js';
import type { ProtocolFactory, StreamProtocol } from '../transports/protocol.js';
import type { SocketAddress } from '../sockets/sockaddr.js';
import type { ConnectedSocket, ListeningSocket } from '../sockets/socket-like.js';
import { shakeAsServer } from '../tls/handshake.js';
import type { TlsPlan } from '../tls/ssl-options.js';
import { TransportSocket } from '../sockets/transport-socket.js';
import { StreamTransport, type TransportOwner } from '../transports/stream-transport.js';
import type { Transport } from '../transports/transport.js';

/** idle: the sockets are bound, but do not accept yet. */
type State = 'idle' | 'serving' | 'closed';

/** Loops of other threads that serve the connections of a server. */
export interface RemoteClients {
  /** Whether they accept the connections, so that the server itself does not. */
  readonly accept: boolean;
  /** Number of connections, as far as is known. */
  readonly size: number;
  /** The server begins to accept. */
  start(): void;
  /** Resolves when they accept. */
  started(): Promise<void>;
  /** Serves a connection that the server has accepted. It owns `sock`. False: there is nobody to serve more of them now. */
  take(sock: ConnectedSocket, peername: SocketAddress | string): boolean;
  /** The server accepts no more. */
  stop(): void;
  closeClients(): void;
  abortClients(): void;
  /** Resolves when the last connection is gone. */
  whenEmpty(): Promise<void>;
}

/** A connection, or one whose handshake is under way. */
type Client = Pick<Transport, 'close' | 'abort'>;

export interface ServerParts {
  readonly protocolFactory: ProtocolFactory;
  readonly backlog: number;
  /** How connections are encrypted; null or missing: they are not. */
  readonly tls?: TlsPlan | null;
  /** Called when the server is closed, before its sockets are. */
  readonly onClose?: (() => void) | null;
  /** Serve the connections in place of this loop. */
  readonly remoteClients?: RemoteClients;
  /** Called when the connection of a transport is gone. */
  readonly onGone?: () => void;
}

/**
 * Listening sockets and the connections that they have accepted. The loop refers to an open server, so it is not
 * garbage collected. Python: asyncio.Server.
 */
export class Server implements AsyncDisposable, Abandonable {
  readonly #loop: NetLoop;
  readonly #protocolFactory: ProtocolFactory;
  /** Called when the server is closed, before its sockets are. */
  readonly #onClose: (() => void) | null;
  readonly #listeners: readonly Listener[];
  readonly #sockets: readonly TransportSocket[];
  readonly #tls: TlsPlan | null;
  readonly #transports = new Set<Client>();
  readonly #remote: RemoteClients | null;
  readonly #onGone: () => void;
  #state: State = 'idle';
  #closedWaiters: Future<undefined>[] = [];
  #servingForever: Future<never> | null = null;

  constructor(loop: NetLoop, sockets: readonly ListeningSocket[], options: ServerParts) {
    this.#loop = loop;
    this.#protocolFactory = options.protocolFactory;
    this.#tls = options.tls ?? null;
    this.#onClose = options.onClose ?? null;
    this.#onGone = options.onGone ?? ((): void => undefined);
    const remote = (this.#remote = options.remoteClients ?? null);
    const onConnection: OnConnection =
      remote === null
        ? (sock, peername) => this.accept(sock, peername)
        : (sock, peername) => remote.take(sock, peername);
    this.#listeners = sockets.map(
      (sock) => new Listener(loop, sock, { backlog: options.backlog, onConnection }),
    );
    this.#sockets = sockets.map((sock) => new TransportSocket(sock));
    loop[NET].opened(this, 'server');
  }

  /** The listening sockets; null once the server is closed. */
  get sockets(): readonly TransportSocket[] | null {
    return this.#state === 'closed' ? null : this.#sockets;
  }

  /** Python: Server.get_loop(). */
  getLoop(): NetLoop {
    return this.#loop;
  }

  /** Python: Server.is_serving(). */
  isServing(): boolean {
    return this.#state === 'serving';
  }

  /**
   * Starts to accept connections; further calls do nothing. Python: Server.start_serving(). Rejects with
   * ServerStateError ERR_SERVER_CLOSED when the server is closed, and with the system's error when it cannot listen.
   */
  startServing(): Awaitable<void> {
    return this.#start(async () => {
      this.listen();
      await this.#remote?.started();
    });
  }

  /**
   * Accepts connections until the call is cancelled or the server is closed. Then it closes the server, waits until the
   * last connection is gone, and rejects with CancelledError. Python: Server.serve_forever(). Rejects with
   * ServerStateError ERR_SERVER_BUSY when another call is already being awaited, and ERR_SERVER_CLOSED when the server
   * is closed.
   */
  serveForever(): Awaitable<never> {
    return this.#start(() => this.#serveForever());
  }

  async #serveForever(): Promise<never> {
    if (this.#servingForever !== null) {
      const message = `server ${inspect(this)} is already being awaited on serve_forever()`;
      throw new ServerStateError(message, 'ERR_SERVER_BUSY');
    }
    this.listen();
    this.#servingForever = this.#loop.createFuture<never>();
    try {
      return await this.#servingForever;
    } catch (thrown) {
      if (thrown instanceof CancelledError) {
        this.close();
        await this.waitClosed();
      }
      throw thrown;
    } finally {
      this.#servingForever = null;
    }
  }

  /** Closes the listening sockets at once; connections stay open. Further calls do nothing. Python: Server.close(). */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#onClose?.();
    for (const listener of this.#listeners) listener.close();
    this.#remote?.stop();
    this.#loop[NET].closed(this);
    this.#servingForever?.cancel();
    this.#wakeWaiters();
  }

  /** Resolves when the server is closed and its last connection is gone. Python: Server.wait_closed(). */
  waitClosed(): Awaitable<void> {
    return this.#start(() => this.#waitClosed());
  }

  async #waitClosed(): Promise<void> {
    if (this.#state !== 'closed' || this.#transports.size > 0) {
      const waiter = this.#loop.createFuture<undefined>();
      this.#closedWaiters.push(waiter);
      await waiter;
    }
    await this.#remote?.whenEmpty();
  }

  /** Closes the connections. Python: Server.close_clients(). */
  closeClients(): void {
    this.#remote?.closeClients();
    for (const transport of [...this.#transports]) transport.close();
  }

  /** Aborts the connections. Python: Server.abort_clients(). */
  abortClients(): void {
    this.#remote?.abortClients();
    for (const transport of [...this.#transports]) transport.abort();
  }

  /** `close()`, then `waitClosed()`. Python: async with server. */
  [Symbol.asyncDispose](): Awaitable<void> {
    this.close();
    return this.waitClosed();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<Server ${this.#state} sockets=${inspect(this.sockets)} connections=${this.#remote?.size ?? this.#transports.size}>`;
  }

  /**
   * Does what startServing() does, but synchronously.
   * @throws {ServerStateError} ERR_SERVER_CLOSED
   */
  listen(): void {
    if (this.#state === 'serving') return;
    if (this.#state === 'closed')
      throw new ServerStateError(`server ${inspect(this)} is closed`, 'ERR_SERVER_CLOSED');
    if (this.#remote?.accept !== true) for (const listener of this.#listeners) listener.start();
    this.#remote?.start();
    this.#state = 'serving';
  }

  /** Does what `listen()` does, and closes the server if that fails. */
  listenOrClose(): void {
    try {
      this.listen();
    } catch (thrown) {
      this.close();
      throw thrown;
    }
  }

  /** Called when the loop is closed: closes the listening sockets and wakes nobody, as nothing can run any more. */
  abandon(): void {
    this.#state = 'closed';
    this.#onClose?.();
    for (const listener of this.#listeners) listener.sock.close();
    this.#remote?.stop();
  }

  #start<T>(fn: () => Promise<T>): Awaitable<T> {
    return startFunction(fn, { loop: this.#loop });
  }

  /** Serves a connection that was accepted, here or by another loop. Owns `sock`. @internal */
  accept(sock: ConnectedSocket, peername: SocketAddress | string | null): void {
    let protocol: StreamProtocol | undefined;
    try {
      protocol = makeProtocol(this.#loop, this.#protocolFactory);
      if (this.#tls !== null) this.#encrypt(sock, protocol, this.#tls);
      else this.#begin(sock, protocol, peername);
    } catch (thrown) {
      sock.close();
      this.#onGone();
      if (endsTheLoop(thrown)) throw thrown;
      // Report it in debug mode only, as CPython does: a peer can cause it as often as it likes.
      if (!this.#loop.getDebug() && !isWrongProtocol(thrown)) return;
      const message = 'Error on transport creation for incoming connection';
      this.#loop.callExceptionHandler({ message, exception: toError(thrown), protocol });
    }
  }

  #begin(sock: ConnectedSocket, protocol: StreamProtocol, peername: SocketAddress | string | null): void {
    new StreamTransport(this.#loop, sock, {
      protocol,
      server: this.#owner,
      ...(peername === null ? {} : { peername }),
    });
  }

  /** The connection counts from now on. The protocol hears of it when the handshake is over. */
  #encrypt(sock: ConnectedSocket, protocol: StreamProtocol, plan: TlsPlan): void {
    const shaking = this.#loop.createTask(async () => {
      this.#begin(await shakeAsServer(this.#loop, { sock }, plan), protocol, null);
    });
    const client = { close: () => void shaking.cancel(), abort: () => void shaking.cancel() };
    this.#transports.add(client);
    shaking.addDoneCallback(() => {
      this.#transports.delete(client);
      const exception = shaking.cancelled() ? null : shaking.exception();
      if (exception !== null || shaking.cancelled()) this.#onGone();
      // Report it in debug mode only, as CPython does: a peer can cause it as often as it likes.
      if (exception !== null && this.#loop.getDebug()) {
        const message = 'Error on transport creation for incoming connection';
        this.#loop.callExceptionHandler({ message, exception, protocol });
      }
      this.#wakeWaiters();
    });
  }

  readonly #owner: TransportOwner = {
    attach: (transport) => {
      this.#transports.add(transport);
    },
    detach: (transport) => {
      this.#transports.delete(transport);
      this.#onGone();
      this.#wakeWaiters();
    },
  };

  #wakeWaiters(): void {
    if (this.#state !== 'closed' || this.#transports.size > 0) return;
    const waiters = this.#closedWaiters;
    this.#closedWaiters = [];
    for (const waiter of waiters) if (!waiter.done()) waiter.setResult(undefined);
  }
}
