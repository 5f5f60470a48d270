import dgram from 'node:dgram';
import { inspect } from 'node:util';
import {
  AF_INET6,
  IPPROTO_UDP,
  SO_BROADCAST,
  SO_RCVBUF,
  SO_REUSEPORT,
  SO_SNDBUF,
  SOCK_DGRAM,
  SOL_SOCKET,
} from '../libc/linux-abi.js';
import { EAGAIN, EBADF, ENOTCONN } from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import type { Direction } from '../selector/loop-selector.js';
import type { AddressInput, SocketAddress } from '../sockets/sockaddr.js';
import type { DatagramSocket } from '../sockets/socket-like.js';
import { addressOf } from './handle-names.js';
import type { HandleSelector } from './handle-selector.js';
import { errnoOf } from './node-error.js';
import { NodeHandle } from './node-handle.js';

/** Bytes that Node may have in hand before the transport has to wait: its default high-water mark. */
const MOST_SENDING = 65_536;
/** Bytes of received datagrams that wait for the loop. Further ones are lost, as in the system. Linux: net.core.rmem_default. */
const MOST_WAITING = 212_992;

type Place = Exclude<AddressInput, string>;

/** Where a socket of datagrams is bound and connected. */
export interface DatagramPlaces {
  readonly family: number;
  /** A descriptor is taken over. */
  readonly local: Place | { readonly fd: number } | null;
  /** Where it is connected. */
  readonly remote: Place | null;
  readonly reusePort?: boolean;
  readonly broadcast?: boolean;
}

/** A socket of datagrams on node:dgram, with the calls of a non-blocking socket. */
export class HandleDatagram extends NodeHandle implements DatagramSocket {
  readonly family: number;
  readonly type = SOCK_DGRAM;
  readonly proto = IPPROTO_UDP;
  readonly #socket: dgram.Socket;
  #isOpen = false;
  #peername: SocketAddress | null = null;
  #received: [Buffer, SocketAddress][] = [];
  #waitingBytes = 0;
  #sendingBytes = 0;
  #errnos: number[] = [];

  /** @param onOpened called when it is bound and connected, or with the error that keeps it from that */
  constructor(selector: HandleSelector, places: DatagramPlaces, onOpened: (error: Error | null) => void) {
    super(selector, SOCK_DGRAM);
    const { family, reusePort = false } = places;
    this.family = family;
    const type = family === AF_INET6 ? 'udp6' : 'udp4';
    const socket = dgram.createSocket({ type, ...(reusePort ? { reusePort } : {}) });
    this.#socket = socket;
    this.#addOptions(reusePort);
    socket.on('message', this.#onMessage);
    socket.unref(); // a loop that runs keeps the thread alive by itself
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#isOpen) this.#failed(errnoOf(error));
    });
    this.#open(places, (error) => {
      this.#isOpen = error === null;
      onOpened(error);
    });
  }

  override isReady(direction: Direction): boolean {
    if (direction === 'reader') return this.#received.length > 0 || this.#errnos.length > 0;
    return this.#sendingBytes < MOST_SENDING;
  }

  tryRecvfromInto(buffer: Uint8Array): [number, SocketAddress | string] | number {
    if (this.isClosed) return -EBADF;
    const errno = this.#errnos.shift();
    if (errno !== undefined) return -errno;
    const next = this.#received.shift();
    if (next === undefined) return -EAGAIN;
    const [data, address] = next;
    this.#waitingBytes -= data.byteLength;
    const count = Math.min(data.byteLength, buffer.byteLength);
    buffer.set(data.subarray(0, count));
    return [count, address];
  }

  trySend(data: Uint8Array): number {
    return this.#send(data, null);
  }

  trySendto(data: Uint8Array, address: AddressInput): number {
    return this.#send(data, address as Place); // the transport has checked it
  }

  getsockname(): SocketAddress | string {
    this.checkOpen('getsockname');
    try {
      return addressOf(this.#socket.address());
    } catch {
      return ''; // not bound yet: the first datagram binds it
    }
  }

  getpeername(): SocketAddress {
    this.checkOpen('getpeername');
    if (this.#peername === null) throw systemError('getpeername', ENOTCONN);
    return this.#peername;
  }

  /** Receives nothing more. What Node has in hand is sent, as the system would. */
  close(): void {
    if (!this.tryUnregister()) return;
    this.#received = [];
    if (this.#sendingBytes === 0) this.#socket.close();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<HandleDatagram family=${this.family} ${this.isClosed ? 'closed' : 'open'}>`;
  }

  #open({ local, remote, broadcast = false }: DatagramPlaces, done: (error: Error | null) => void): void {
    const socket = this.#socket;
    const at = local !== null && 'host' in local ? local : undefined;
    const bindFailed = (error: NodeJS.ErrnoException): void => done(systemError('bind', errnoOf(error), at));
    const bound = (): void => {
      socket.off('error', bindFailed);
      if (this.isClosed) return;
      try {
        if (broadcast) this.setsockopt(SOL_SOCKET, SO_BROADCAST, true);
      } catch (thrown) {
        done(systemError('setsockopt', errnoOf(thrown as NodeJS.ErrnoException))); // Node throws nothing else
        return;
      }
      if (remote === null) done(null);
      else this.#connect(remote, done);
    };
    socket.once('error', bindFailed);
    if (local !== null && 'fd' in local) socket.bind({ fd: local.fd, exclusive: true }, bound);
    else if (at !== undefined) socket.bind({ address: at.host, port: at.port, exclusive: true }, bound);
    else if (remote !== null || broadcast) socket.bind({ exclusive: true }, bound);
    else process.nextTick(bound); // the first datagram binds it
  }

  #connect(remote: Place, done: (error: Error | null) => void): void {
    // Node calls back with the error of connect(); as an event it would come in addition to nothing.
    this.#socket.connect(remote.port, remote.host, (error?: NodeJS.ErrnoException) => {
      if (this.isClosed) return;
      if (error != null) {
        done(systemError('connect', errnoOf(error), remote));
        return;
      }
      this.#peername = addressOf(this.#socket.remoteAddress());
      done(null);
    });
  }

  #send(data: Uint8Array, to: Place | null): number {
    if (this.isClosed) return -EBADF;
    if (this.#sendingBytes >= MOST_SENDING) return -EAGAIN;
    const copy = Buffer.from(data); // the memory is the caller's again
    // An empty one counts as well: close() must know of it.
    const bytes = Math.max(copy.byteLength, 1);
    this.#sendingBytes += bytes;
    const sent = (error: NodeJS.ErrnoException | null): void => {
      this.#sendingBytes -= bytes;
      if (error !== null) this.#failed(errnoOf(error));
      if (!this.isClosed) this.touch();
      else if (this.#sendingBytes === 0) this.#socket.close();
    };
    if (to === null) this.#socket.send(copy, sent);
    else this.#socket.send(copy, to.port, to.host === '' ? undefined : to.host, sent);
    return data.byteLength;
  }

  readonly #onMessage = (data: Buffer, { address, port, family }: dgram.RemoteInfo): void => {
    if (this.isClosed || this.#waitingBytes + data.byteLength > MOST_WAITING) return;
    this.#waitingBytes += data.byteLength;
    this.#received.push([data, { address, port, family }]);
    this.touch();
  };

  #failed(errno: number): void {
    if (this.isClosed) return;
    this.#errnos.push(errno);
    this.touch();
  }

  #addOptions(reusePort: boolean): void {
    const socket = this.#socket;
    this.options.has(SOL_SOCKET, SO_REUSEPORT, Number(reusePort));
    this.options.settable(SOL_SOCKET, SO_BROADCAST, 0, (on) => socket.setBroadcast(on !== 0));
    this.options.settable(SOL_SOCKET, SO_RCVBUF, 0, (bytes) => socket.setRecvBufferSize(bytes));
    this.options.settable(SOL_SOCKET, SO_SNDBUF, 0, (bytes) => socket.setSendBufferSize(bytes));
  }
}
