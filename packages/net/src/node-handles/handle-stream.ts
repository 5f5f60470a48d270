import net from 'node:net';
import { inspect } from 'node:util';
import {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  IPPROTO_TCP,
  SO_KEEPALIVE,
  SO_LINGER,
  SOCK_STREAM,
  SOL_SOCKET,
  TCP_NODELAY,
} from '../libc/linux-abi.js';
import { EAGAIN, EBADF, EINPROGRESS, ENOTCONN } from '../libc/syscalls.js';
import { type SystemError, systemError } from '../libc/system-error.js';
import { addressOrNull } from '../sockets/address-or-null.js';
import { type AddressInput, checkAddress } from '../sockets/sockaddr.js';
import type { Socket } from '../sockets/socket.js';
import type { ConnectingSocket } from '../sockets/socket-like.js';
import type { Direction } from '../selector/loop-selector.js';
import type { HandleSelector } from './handle-selector.js';
import { type Address, type Established, namesOf } from './handle-names.js';
import { errnoOf } from './node-error.js';
import { NodeHandle } from './node-handle.js';
import { nodeSocketOf } from './node-socket-of.js';

/** Bytes handed to Node at a time: so many count as not sent until all of them are. The default high-water mark. */
const PIECE_BYTES = 65_536;

/**
 * A connection on a node:net socket, with the calls of a non-blocking socket. Reading takes from Node's own buffer, which is small and
 * holds the peer back when it is full. Writing hands Node a copy, and another one when that is sent.
 */
export class HandleStream extends NodeHandle implements ConnectingSocket {
  readonly family: number;
  readonly type = SOCK_STREAM;
  readonly proto: number;
  readonly highWater: number | null = null;
  readonly hasHalfClose: boolean = true;
  readonly #socket: net.Socket;
  #sockname: Address | null = null;
  #peername: Address | null = null;
  #local: Exclude<AddressInput, string> | null = null;
  #isConnected = false;
  /** Whether somebody has begun to read: Node reads nothing before that. */
  #isReading = false;
  #mayRead = false;
  /** What the last reader had no room for. */
  #rest: Buffer | null = null;
  #hasEnded = false;
  /** What Node is sending. */
  #sending: { readonly bytes: number; isSent: boolean } | null = null;
  #failure: NodeJS.ErrnoException | null = null;
  #resetsOnClose = false;

  /** @param established null: `tryConnect()` follows */
  constructor(
    selector: HandleSelector,
    family: number,
    socket: net.Socket = new net.Socket({ allowHalfOpen: true }),
    established: Established | null = null,
  ) {
    super(selector, SOCK_STREAM);
    this.family = family;
    this.proto = family === AF_UNIX ? 0 : IPPROTO_TCP;
    this.#socket = socket;
    this.#addOptions();
    if (established !== null) this.#connected(established);
    socket.on('error', (error: NodeJS.ErrnoException) => this.#happened(() => (this.#failure ??= error)));
    socket.on('end', () => this.#happened(() => (this.#hasEnded = true)));
    socket.on('close', () => this.#happened(() => (this.#hasEnded = true))); // by Node: it closes the stdin of a child that has ended
    socket.unref(); // a loop that runs keeps the thread alive by itself
  }

  /** A connection that Node has accepted; `sockname` is the path of its server, if it has one. */
  static accepted(selector: HandleSelector, socket: net.Socket, path: string | null): HandleStream {
    if (path !== null) return new HandleStream(selector, AF_UNIX, socket, { sockname: path, peername: '' });
    const names = namesOf(socket);
    return new HandleStream(selector, isIPv6(names.sockname) ? AF_INET6 : AF_INET, socket, names);
  }

  /** Takes the descriptor of a connected socket over. Not on Windows, where it has none. */
  static adopted(selector: HandleSelector, sock: Socket): HandleStream {
    const sockname = addressOrNull(() => sock.getsockname());
    const peername = addressOrNull(() => sock.getpeername());
    const socket = nodeSocketOf(sock, { allowHalfOpen: true });
    return new HandleStream(selector, sock.family, socket, { sockname, peername });
  }

  /** Gives the socket of Node away, of which nothing was read yet. The stream is closed then. */
  release(): net.Socket {
    this.checkOpen('detach');
    this.tryUnregister();
    if (this.#rest !== null) this.#socket.unshift(this.#rest);
    this.#rest = null;
    for (const event of ['readable', 'error', 'end']) this.#socket.removeAllListeners(event);
    this.#socket.ref();
    return this.#socket;
  }

  /** What has happened to the socket before this was made: before a handshake is told of, the connection may have ended or failed. */
  protected noteWhatWas(): void {
    this.#failure = this.#socket.errored;
    this.#hasEnded = this.#socket.readableEnded || this.#socket.destroyed;
  }

  /** Why Node has given the connection up, if it has. */
  protected get failure(): NodeJS.ErrnoException | null {
    return this.#failure;
  }

  /** Whether the peer has ended its side. */
  protected get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Null when it is not known. */
  get peername(): Address | null {
    return this.#peername;
  }

  /** Where to connect from. Node binds when it connects, and `connectError()` tells what went wrong with it. */
  bind(address: AddressInput): void {
    checkAddress(this.family, address);
    if (typeof address !== 'string') this.#local = address;
  }

  /** Always -EINPROGRESS: watch the writer, and then ask `connectError()`. */
  tryConnect(address: AddressInput): number {
    checkAddress(this.family, address);
    this.#socket.once('connect', () =>
      this.#happened(() =>
        this.#connected(
          typeof address === 'string' ? { sockname: '', peername: address } : namesOf(this.#socket),
        ),
      ),
    );
    if (typeof address === 'string') this.#socket.connect({ path: address });
    else {
      const from =
        this.#local === null ? {} : { localAddress: this.#local.host, localPort: this.#local.port };
      this.#socket.connect({ host: address.host, port: address.port, ...from });
    }
    return -EINPROGRESS;
  }

  /** Why it is not connected, and what it was bound to if that was the reason; null when it is. */
  connectError(
    address: AddressInput,
  ): { error: SystemError; local: Exclude<AddressInput, string> | null } | null {
    if (this.#failure === null) return null;
    const { code = '', syscall } = this.#failure;
    const errno = errnoOf(this.#failure);
    // libuv tells only when it connects that a port is taken.
    const isOfBind = syscall === 'bind' || code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL';
    if (isOfBind && this.#local !== null)
      return { error: systemError('bind', errno, this.#local), local: this.#local };
    return { error: systemError('connect', errno, address), local: null };
  }

  override isReady(direction: Direction): boolean {
    if (this.#failure !== null) return true;
    if (direction === 'reader') return this.#rest !== null || this.#mayRead || this.#hasEnded;
    return this.#isConnected && this.#sending?.isSent !== false;
  }

  watched(direction: Direction): void {
    if (direction === 'writer' || this.#isReading) return;
    this.#isReading = true;
    this.#socket.on('readable', () => this.#happened(() => (this.#mayRead = true)));
  }

  tryRecvInto(buffer: Uint8Array): number {
    const data = this.#rest ?? this.#read();
    if (data === null) {
      if (this.isClosed) return -EBADF;
      return this.#failure !== null ? -errnoOf(this.#failure) : this.#hasEnded ? 0 : -EAGAIN;
    }
    const count = Math.min(data.byteLength, buffer.byteLength);
    buffer.set(data.subarray(0, count));
    this.#rest = count < data.byteLength ? data.subarray(count) : null;
    return count;
  }

  trySendAll(buffers: readonly Uint8Array[]): number {
    let total = 0;
    for (const buffer of buffers) {
      const sent = this.trySend(buffer);
      if (sent < 0) return total === 0 ? sent : total;
      total += sent;
      if (sent < buffer.byteLength) break;
    }
    return total;
  }

  trySend(data: Uint8Array): number {
    if (this.isClosed) return -EBADF;
    if (this.#failure !== null) return -errnoOf(this.#failure);
    let taken = 0;
    if (this.#sending !== null) {
      if (!this.#sending.isSent) return -EAGAIN;
      taken = this.#sending.bytes; // `data` begins with these
      this.#sending = null;
    }
    while (taken < data.byteLength) {
      const piece = Buffer.from(data.subarray(taken, taken + PIECE_BYTES)); // a copy: the memory is the caller's again
      const sending = { bytes: piece.byteLength, isSent: false };
      this.#socket.write(piece, () => this.#happened(() => (sending.isSent = true)));
      if (this.#socket.writableLength > 0) {
        this.#sending = sending;
        return taken > 0 ? taken : -EAGAIN;
      }
      taken += piece.byteLength; // the system has taken all of it
    }
    return taken;
  }

  /** Ends our side: Node knows no other way. */
  tryShutdown(): number {
    if (this.#failure !== null) return -errnoOf(this.#failure);
    this.#socket.end();
    return 0;
  }

  getsockname(): Address {
    this.checkOpen('getsockname');
    return this.#sockname ?? '';
  }

  getpeername(): Address {
    this.checkOpen('getpeername');
    if (this.#peername === null) throw systemError('getpeername', ENOTCONN);
    return this.#peername;
  }

  /** Closes the connection. What Node has not sent is dropped. */
  close(): void {
    if (!this.tryUnregister()) return;
    this.#rest = null;
    if (this.#resetsOnClose && this.family !== AF_UNIX) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** Closes the connection with a reset, where the protocol has one. */
  reset(): void {
    this.#resetsOnClose = true;
    this.close();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<HandleStream family=${this.family} ${this.isClosed ? 'closed' : 'open'}>`;
  }

  #connected({ sockname, peername }: Established): void {
    this.#isConnected = true;
    this.#sockname = sockname;
    this.#peername = peername;
  }

  #addOptions(): void {
    const socket = this.#socket;
    this.options.settable(SOL_SOCKET, SO_KEEPALIVE, 0, (on) => socket.setKeepAlive(on !== 0));
    if (this.family === AF_UNIX) return;
    this.options.settable(IPPROTO_TCP, TCP_NODELAY, 0, (on) => socket.setNoDelay(on !== 0));
    // Node has but one way to linger: none, with a reset.
    this.options.settable(SOL_SOCKET, SO_LINGER, 0, (on) => (this.#resetsOnClose = on !== 0));
  }

  #read(): Buffer | null {
    const data = this.#socket.read() as Buffer | null; // no encoding is set
    if (data === null) this.#mayRead = false;
    return data;
  }

  /** Notes an event of Node's, and that the loop must look at it. */
  #happened(note: () => void): void {
    note();
    this.touch();
  }
}

function isIPv6(address: Address | null): boolean {
  return typeof address === 'object' && address?.family === 'IPv6';
}
