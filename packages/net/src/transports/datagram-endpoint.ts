import { inspect } from 'node:util';
import { Fifo, typeError } from '@ringloop/core/internal';
import { EAGAIN } from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import type { Direction } from '../selector/loop-selector.js';
import { type Abandonable, type LoopNet, NET, type NetLoop } from '../loop-net.js';
import { AF_INET6, AF_UNIX } from '../libc/linux-abi.js';
import { checkProtocol } from './make-protocol.js';
import { encodeOften } from '../sockets/address-cache.js';
import { checkBytes } from '../sockets/bytes.js';
import { type AddressInput, checkAddress, type SocketAddress } from '../sockets/sockaddr.js';
import type { DatagramSocket } from '../sockets/socket-like.js';
import type { TransportSocket } from '../sockets/transport-socket.js';
import { OwnedSocket } from './owned-socket.js';
import { Closing } from './closing.js';
import type { DatagramProtocol } from './datagram-protocol.js';
import { FlowControl, type WriteBufferLimits } from './flow-control.js';
import { ProtocolErrors } from './protocol-errors.js';
import type { DatagramTransport } from './transport.js';

/** Datagrams received in one iteration: others get their turn after that. Arbitrary. */
const MOST_AT_ONCE = 64;
/** Bytes that a waiting datagram counts beside its own, as in CPython since 3.14. */
const HEADER_BYTES = 8;
/** What a datagram transport is made of, beside its socket. */
export interface DatagramEndpointOptions {
  readonly protocol: DatagramProtocol;
  /** Where datagrams without an address go; null: each names its own. */
  readonly remote: AddressInput | null;
  /** Called in the loop right after connectionMade. */
  readonly onStarted: () => void;
}

interface Waiting {
  readonly data: Uint8Array;
  readonly address: AddressInput | null;
}

/** A socket of datagrams. It owns its socket. Python: asyncio's datagram transport. */
export class DatagramEndpoint implements DatagramTransport, Abandonable {
  readonly #loop: NetLoop;
  readonly #net: LoopNet;
  readonly #sock: DatagramSocket;
  readonly #owned: OwnedSocket;
  readonly #remote: AddressInput | null;
  readonly #isConnected: boolean;
  readonly #closing = new Closing((exc) => this.#loop.callSoon(this.#connectionLost, exc));
  readonly #flow = new FlowControl((method) => this.#errors.tellFlow(method));
  readonly #errors: ProtocolErrors;
  #protocol: DatagramProtocol;
  readonly #waiting = new Fifo<Waiting>();
  #waitingBytes = 0;

  constructor(loop: NetLoop, sock: DatagramSocket, { protocol, remote, onStarted }: DatagramEndpointOptions) {
    this.#loop = loop;
    this.#net = loop[NET];
    this.#sock = sock;
    this.#protocol = protocol;
    this.#remote = remote;
    this.#errors = new ProtocolErrors(loop, this);
    this.#owned = new OwnedSocket(loop, sock, this);
    this.#isConnected = this.getExtraInfo('peername') !== null;
    loop.callSoon(this.#connectionMade);
    loop.callSoon(this.#startReading);
    loop.callSoon(onStarted);
  }

  sendto(data: Uint8Array, address: AddressInput | null = null): void {
    checkBytes(data);
    const to = this.#destination(address);
    if (this.#closing.isTooLateToWrite()) return;
    if (this.#waiting.size === 0) {
      const result = this.#send(data, to);
      if (result >= 0) return;
      if (result !== -EAGAIN) {
        this.#errorReceived('send', -result);
        return;
      }
      if (!this.#watch('writer', this.#onWritable)) return;
    }
    this.#waiting.push({ data: Buffer.from(data), address: to }); // a copy: the memory is the caller's again
    this.#waitingBytes += data.byteLength + HEADER_BYTES;
    this.#flow.grown(this.#waitingBytes);
  }

  close(): void {
    if (!this.#closing.tryFlush()) return;
    this.#owned.unwatch('reader');
    if (this.#waiting.size === 0) this.#loseSoon(null);
  }

  abort(): void {
    this.#loseSoon(null);
  }

  isClosing(): boolean {
    return this.#closing.state !== 'open';
  }

  setWriteBufferLimits(limits: WriteBufferLimits = {}): void {
    this.#flow.setLimits(limits);
    this.#flow.grown(this.#waitingBytes);
  }

  getWriteBufferLimits(): readonly [low: number, high: number] {
    return this.#flow.limits;
  }

  getWriteBufferSize(): number {
    return this.#waitingBytes;
  }

  getExtraInfo(name: 'socket'): TransportSocket;
  getExtraInfo(name: 'sockname' | 'peername'): SocketAddress | string | null;
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    return this.#owned.facts.get(name, defaultValue);
  }

  setProtocol(protocol: DatagramProtocol): void {
    checkProtocol(protocol);
    this.#protocol = protocol;
  }

  getProtocol(): DatagramProtocol {
    return this.#protocol;
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<DatagramTransport${this.#owned.shown} ${this.#closing.state} buffered=${this.#waitingBytes}>`;
  }

  /** The loop is closed: nobody will be called any more. */
  abandon(): void {
    this.#closing.lost();
    this.#drop();
    this.#owned.abandon();
  }

  /** @throws {TypeError} when the address suits neither the socket nor what it is connected to */
  #destination(address: AddressInput | null): AddressInput | null {
    const check = this.#net.handles === null ? encodeOften : checkAddress;
    if (address !== null) check(this.#sock.family, address); // now, not when it is sent
    if (this.#remote === null) {
      if (address === null && !this.#isConnected) {
        throw typeError(
          'address must be given: the transport has no remote address',
          'ERR_INVALID_ARG_VALUE',
        );
      }
      return address;
    }
    if (address !== null && !isSame(this.#sock.family, address, this.#remote)) {
      throw typeError(
        `Invalid address: must be null or ${inspect(this.#remote)}, got ${inspect(address)}`,
        'ERR_INVALID_ARG_VALUE',
      );
    }
    return this.#remote;
  }

  /** Returns how many bytes were sent, or `-errno`. */
  #send(data: Uint8Array, address: AddressInput | null): number {
    return this.#isConnected || address === null
      ? this.#sock.trySend(data)
      : this.#sock.trySendto(data, address);
  }

  readonly #connectionMade = (): void => {
    this.#errors.watch(this.#protocol.connectionMade?.(this), 'protocol.connection_made() failed');
  };

  readonly #startReading = (): void => {
    if (this.#closing.state !== 'open') return;
    this.#watch('reader', this.#onReadable);
  };

  readonly #onReadable = (): void => {
    const { received: slab } = this.#net;
    for (let left = MOST_AT_ONCE; left > 0 && this.#closing.state === 'open'; left--) {
      const room = this.#sock.family === AF_UNIX ? slab.wholeRoom : slab.room; // IP has no datagrams above 64 KiB
      const received = this.#sock.tryRecvfromInto(room);
      if (typeof received !== 'number') {
        const [count, address] = received;
        const data = slab.take(count);
        const result = this.#protocol.datagramReceived?.(data, address);
        this.#errors.watch(result, 'protocol.datagram_received() failed');
      } else if (received === -EAGAIN) return;
      else this.#errorReceived(this.#net.handles === null ? 'recvfrom' : 'send', -received); // Node tells of it late
    }
  };

  readonly #onWritable = (): void => {
    // Newcomers wait for the next turn: errorReceived() may send again.
    for (let left = this.#waiting.size; left > 0; left--) {
      const first = this.#waiting.peek();
      if (first === undefined) break; // dropped meanwhile
      const result = this.#send(first.data, first.address);
      if (result === -EAGAIN) break;
      this.#waiting.pop();
      this.#waitingBytes -= first.data.byteLength + HEADER_BYTES;
      if (result < 0) this.#errorReceived('send', -result);
      if (this.#closing.isEnding) return; // the protocol has aborted
    }
    this.#flow.shrunk(this.#waitingBytes);
    if (this.#waiting.size > 0 || this.#closing.isEnding) return;
    this.#owned.unwatch('writer');
    if (this.#closing.state === 'flushing') this.#connectionLost(null);
  };

  /** False: the system refuses to watch, and so the transport is lost. */
  #watch(direction: Direction, callback: () => void): boolean {
    const refusal = this.#owned.watch(direction, callback);
    if (refusal !== null) this.#loseSoon(refusal);
    return refusal === null;
  }

  /** An ordinary thing in a network of datagrams: the protocol is told, and the transport goes on. */
  #errorReceived(syscall: string, errno: number): void {
    const result = this.#protocol.errorReceived?.(systemError(syscall, errno));
    this.#errors.watch(result, 'protocol.error_received() failed');
  }

  #loseSoon(exc: Error | null): void {
    this.#drop();
    if (this.#closing.tryLose(exc)) this.#owned.unwatchAll();
  }

  readonly #connectionLost = (exc: Error | null): void => {
    this.#closing.lost();
    try {
      this.#errors.watch(this.#protocol.connectionLost?.(exc), 'protocol.connection_lost() failed');
    } finally {
      this.#owned.close();
    }
  };

  #drop(): void {
    this.#waiting.clear();
    this.#waitingBytes = 0;
  }
}

/** Whether both stand for one address, in whichever spelling. */
function isSame(family: number, a: AddressInput, b: AddressInput): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  if (a.host === b.host && a.port === b.port) return true;
  if (a.port !== b.port || family !== AF_INET6) return false;
  return (
    new URL(`http://[${plain(a.host)}]`).host === new URL(`http://[${plain(b.host)}]`).host &&
    zone(a.host) === zone(b.host)
  );
}

const plain = (host: string): string => host.split('%')[0] ?? host;
const zone = (host: string): string | undefined => host.split('%')[1];
