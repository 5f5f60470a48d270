import net from 'node:net';
import { inspect } from 'node:util';
import {
  AF_UNIX,
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SOCK_STREAM,
  SOL_SOCKET,
} from '../libc/linux-abi.js';
import { EAGAIN, EBADF, ENOTCONN } from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import type { Direction } from '../selector/loop-selector.js';
import type { AddressInput, SocketAddress } from '../sockets/sockaddr.js';
import type { ConnectedSocket, ListeningSocket } from '../sockets/socket-like.js';
import { nameOf } from './handle-names.js';
import type { HandleSelector } from './handle-selector.js';
import { HandleStream } from './handle-stream.js';
import { errnoOf } from './node-error.js';
import { NodeHandle } from './node-handle.js';

/** Where and how to listen. */
export interface ListenOptions {
  readonly family: number;
  /** An address, or the descriptor of a bound socket, which is taken over, and the address that it has. */
  readonly at: AddressInput | { readonly fd: number; readonly name: SocketAddress | string };
  /** The name to tell instead of the path that it is bound to. */
  readonly name?: string;
  readonly backlog: number;
  readonly ipv6Only?: boolean;
  readonly reusePort?: boolean;
  readonly keepAlive?: boolean;
}

/**
 * A listening socket on a node:net server. Node cannot bind without listening: before `listen()`, connections are reset at once.
 */
export class HandleListener extends NodeHandle implements ListeningSocket {
  readonly family: number;
  readonly type = SOCK_STREAM;
  readonly proto: number;
  readonly #server: net.Server;
  readonly #accepted: HandleStream[] = [];
  #isServing = false;
  #mostWaiting: number;
  #name: SocketAddress | string = '';
  #errno = 0;

  /** @param onOpened called when it is bound, or with the error that keeps it from that */
  constructor(selector: HandleSelector, options: ListenOptions, onOpened: (error: Error | null) => void) {
    super(selector, SOCK_STREAM);
    const { family, at, name, backlog, keepAlive = false, reusePort = false } = options;
    this.family = family;
    this.proto = family === AF_UNIX ? 0 : IPPROTO_TCP;
    this.#mostWaiting = backlog;
    this.options.has(SOL_SOCKET, SO_REUSEADDR, process.platform === 'win32' ? 0 : 1); // as libuv has it
    this.options.has(SOL_SOCKET, SO_REUSEPORT, Number(reusePort));
    this.options.has(SOL_SOCKET, SO_KEEPALIVE, Number(keepAlive));
    this.#server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true, keepAlive });
    this.#server.on('connection', this.#onConnection);
    const address = typeof at === 'object' && 'fd' in at ? undefined : (name ?? at);
    const failed = (error: NodeJS.ErrnoException): void =>
      onOpened(systemError('bind', errnoOf(error), address));
    this.#server.once('error', failed);
    this.#server.once('listening', () => {
      if (this.isClosed) this.#server.close(); // closed meanwhile
      this.#server.off('error', failed).on('error', this.#onError);
      this.#name = typeof at === 'object' && 'fd' in at ? at.name : (name ?? nameOf(this.#server.address()));
      onOpened(null);
    });
    this.#server.listen(listenOptions(options));
    this.#server.unref(); // a loop that runs keeps the thread alive by itself
  }

  /** Begins to accept. The backlog is the one that it was opened with. */
  listen(): void {
    this.#isServing = true;
  }

  override isReady(direction: Direction): boolean {
    return direction === 'reader' && (this.#accepted.length > 0 || this.#errno !== 0);
  }

  tryAccept(): [ConnectedSocket, SocketAddress | string] | number {
    if (this.isClosed) return -EBADF;
    const stream = this.#accepted.shift();
    if (stream !== undefined) return [stream, stream.peername ?? ''];
    const errno = this.#errno;
    this.#errno = 0;
    return errno === 0 ? -EAGAIN : -errno;
  }

  getsockname(): SocketAddress | string {
    this.checkOpen('getsockname');
    return this.#name;
  }

  /** @throws {SystemError} ENOTCONN */
  getpeername(): never {
    throw systemError('getpeername', ENOTCONN);
  }

  /** Stops listening, and closes the connections that nobody has taken. */
  close(): void {
    if (!this.tryUnregister()) return;
    for (const stream of this.#accepted.splice(0)) stream.close();
    this.#server.close();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<HandleListener ${inspect(this.#name)} ${this.isClosed ? 'closed' : 'open'}>`;
  }

  /** The path that it listens at; null for TCP. */
  get #path(): string | null {
    return typeof this.#name === 'string' ? this.#name : null;
  }

  readonly #onConnection = (socket: net.Socket): void => {
    const stream = HandleStream.accepted(this.selector, socket, this.#path);
    // Node accepts although the loop does not run. Beyond the backlog it refuses, as the system would.
    const isFull = !this.selector.running && this.#accepted.length >= this.#mostWaiting;
    if (!this.#isServing || isFull || this.isClosed) {
      stream.reset();
      return;
    }
    this.#accepted.push(stream);
    this.touch();
  };

  /** Node could not accept: there are no descriptors left. */
  readonly #onError = (error: NodeJS.ErrnoException): void => {
    this.#errno = errnoOf(error);
    this.touch();
  };
}

function listenOptions(options: ListenOptions): net.ListenOptions {
  const { at, backlog, ipv6Only = false, reusePort = false } = options;
  // Not shared with other processes of node:cluster, as a socket of ours is not.
  const common = { backlog, exclusive: true };
  if (typeof at === 'string') return { ...common, path: at };
  if ('fd' in at) return { ...common, fd: at.fd } as net.ListenOptions; // not in @types/node
  const { host, port } = at;
  return { ...common, host, port, ipv6Only, ...(reusePort ? { reusePort } : {}) };
}
