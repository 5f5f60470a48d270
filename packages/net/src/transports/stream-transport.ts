import { inspect } from 'node:util';
import { checkCallback, toError } from '@ringloop/core/internal';
import { checkBytes } from '../sockets/bytes.js';
import { NoEpollError, TransportStateError } from '../errors.js';
import { FlowControl, type WriteBufferLimits } from './flow-control.js';
import { AF_UNIX, IPPROTO_TCP, SHUT_WR, TCP_NODELAY } from '../libc/linux-abi.js';
import { type Abandonable, type LoopNet, NET, type NetLoop } from '../loop-net.js';
import { Closing } from './closing.js';
import { type ConnectionFacts, DetachedConnection } from './detached-connection.js';
import { type BufferedProtocol, bufferedOrNull, type Protocol, type StreamProtocol } from './protocol.js';
import { checkProtocol } from './make-protocol.js';
import { askForBuffer } from './ask-for-buffer.js';
import { ProtocolErrors } from './protocol-errors.js';
import type { SocketAddress } from '../sockets/sockaddr.js';
import { moved, Socket } from '../sockets/socket.js';
import type { ConnectedSocket } from '../sockets/socket-like.js';
import { EAGAIN } from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import type { Direction } from '../selector/loop-selector.js';
import type { TransportSocket } from '../sockets/transport-socket.js';
import { OwnedSocket } from './owned-socket.js';
import { MOST_BUFFERS } from '../libc/send-vector.js';
import { SEND_ALONE, SoleSender } from './sole-sender.js';
import type { Transport } from './transport.js';
import { bytesOf, joinSmall, withoutStart } from './pieces.js';
import { WriteBuffer } from './write-buffer.js';

/**
 * Blocks of the write buffer that are offered to the system in one call: 1 MiB of small writes. It seldom takes more, and to find the
 * address of each costs 150 ns.
 */
const BLOCKS_AT_ONCE = 64;
/** Calls in one iteration, for a system that takes as fast as we give: others get their turn after that. Arbitrary. */
const FLUSHES_AT_ONCE = 16;

/** The server that accepted a connection, as its transport sees it. */
export interface TransportOwner {
  attach(transport: Transport): void;
  detach(transport: Transport): void;
}

export interface TransportOptions {
  readonly protocol: StreamProtocol;
  readonly server?: TransportOwner;
  /** The peer's address, if accept() has told it. Otherwise the system is asked. */
  readonly peername?: SocketAddress | string;
  /** Called in the loop right after connectionMade. */
  readonly onStarted?: () => void;
  /** What the transport has left that had the connection before. */
  readonly goingOn?: ConnectionFacts | undefined;
  /** The connection is made already, and its protocol knows: connectionMade is not called. */
  readonly isUpgrade?: boolean;
}

/** Takes the connection out of a transport for `startTls()`. Users cannot call it. */
export const GIVE_SOCKET: unique symbol = Symbol('giveSocket');

/** What a transport gives up. */
export interface GivenConnection {
  readonly sock: ConnectedSocket;
  readonly unsent: Uint8Array;
  /** The server, which counts the connection until it is detached. */
  readonly owner: TransportOwner | null;
}

/** Options of `transport.detach()`. */
export interface DetachOptions {
  /**
   * Called in the transport's loop when the connection was sent and comes back, because the thread ended before it had
   * taken the connection, or dropped the call. Without it, the connection is closed then. Until it is called, the
   * connection can be withdrawn by attaching it here.
   */
  readonly onReturn?: (connection: DetachedConnection) => void;
}

/** starting: before connectionMade. ended: the peer sends no more. */
type Reading = 'starting' | 'on' | 'paused' | 'ended';

/**
 * A connection: writes what it is given, and calls its protocol with what comes in. It owns its socket. All of its
 * behaviour is asyncio's. Above 300 lines, because asyncio's transport has many methods. Python: asyncio's socket
 * transport.
 */
export class StreamTransport implements Transport, Abandonable {
  readonly #loop: NetLoop;
  readonly #net: LoopNet;
  readonly #sock: ConnectedSocket;
  readonly #owned: OwnedSocket;
  readonly #server: TransportOwner | null;
  readonly #buffer = new WriteBuffer();
  readonly #flow = new FlowControl((method) => {
    if (this.#sole?.onFlow(method) !== true) this.#errors.tellFlow(method);
  });
  readonly #closing = new Closing((exc) => this.#loop.callSoon(this.#connectionLost, exc));
  readonly #errors: ProtocolErrors;
  #protocol: StreamProtocol;
  /** The protocol, if it lends its buffers. */
  #buffered: BufferedProtocol | null;
  #reading: Reading = 'starting';
  #eofWritten = false;
  /** Who sends a file, and nobody else meanwhile. */
  #sole: SoleSender | null = null;

  constructor(loop: NetLoop, sock: ConnectedSocket, options: TransportOptions) {
    this.#loop = loop;
    this.#net = loop[NET];
    this.#sock = sock;
    this.#protocol = options.protocol;
    this.#buffered = bufferedOrNull(options.protocol);
    this.#errors = new ProtocolErrors(loop, this);
    this.#server = options.server ?? null;
    if (sock.family !== AF_UNIX) sock.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1); // first: when it fails, nothing has begun
    this.#owned = new OwnedSocket(loop, sock, this, options.peername ?? options.goingOn?.peername);
    if (sock.highWater != null) this.#flow.setLimits({ high: sock.highWater });
    if (options.goingOn !== undefined) this.#goOn(options.goingOn);
    this.#server?.attach(this);
    if (options.isUpgrade !== true) loop.callSoon(this.#connectionMade);
    loop.callSoon(this.#startReading);
    if (options.onStarted !== undefined) loop.callSoon(options.onStarted);
  }

  /**
   * Sends `data`. What the system does not take now is sent later; this never waits. The caller may reuse the memory on
   * return. After `close()` or a lost connection, `data` is dropped. Python: WriteTransport.write().
   * @throws {TypeError} when `data` is not a Uint8Array
   * @throws {TransportStateError} ERR_WRITE_AFTER_EOF; ERR_SENDFILE_IN_PROGRESS while `loop.sendfile()` sends here
   */
  write(data: Uint8Array): void {
    checkBytes(data);
    this.#checkMayWrite('write');
    this.#write(data);
  }

  #write(data: Uint8Array): void {
    if (data.byteLength === 0 || this.#closing.isTooLateToWrite()) return;
    let rest = data;
    if (this.#buffer.size === 0) {
      const sent = this.#send(data);
      if (sent === null || sent === data.byteLength) return;
      rest = data.subarray(sent);
      if (!this.#watchWriter()) return;
    }
    this.#buffer.append(rest);
    this.#flow.grown(this.#buffer.size);
  }

  /**
   * Sends the chunks in one go. Python: WriteTransport.writelines(). Throws as `write()` does, before anything is sent.
   */
  writelines(list: Iterable<Uint8Array>): void {
    const chunks = [...list];
    for (const chunk of chunks) checkBytes(chunk);
    this.#checkMayWrite('writelines');
    const bytes = bytesOf(chunks);
    if (bytes === 0 || this.#closing.isTooLateToWrite()) return;
    let rest: readonly Uint8Array[] = chunks;
    if (this.#buffer.size === 0) {
      const pieces = joinSmall(chunks);
      const sent = this.#sendAll(pieces);
      if (sent === null || sent === bytes) return; // the connection is lost, or all is sent
      rest = withoutStart(pieces, sent);
      if (!this.#watchWriter()) return;
    }
    for (const chunk of rest) this.#buffer.append(chunk);
    this.#flow.grown(this.#buffer.size);
  }

  /** Ends our side of the stream when everything is sent. Reading continues. Python: WriteTransport.write_eof(). */
  writeEof(): void {
    if (!this.canWriteEof())
      throw new TransportStateError('Cannot end one side: TLS ends both at once', 'ERR_NO_HALF_CLOSE');
    if (this.#closing.state !== 'open' || this.#eofWritten) return;
    this.#eofWritten = true;
    if (this.#buffer.size === 0 && this.#sole === null) this.#shutdown();
  }

  /** Whether our side can end alone: not with TLS. Python: WriteTransport.can_write_eof(). */
  canWriteEof(): boolean {
    return this.#sock.hasHalfClose !== false;
  }

  /** Stops reading, sends what is buffered, then calls connectionLost(null). Python: Transport.close(). */
  close(): void {
    if (!this.#closing.tryFlush()) return;
    this.#owned.unwatch('reader');
    this.#sole?.onEnd(null);
    if (this.#buffer.size === 0) this.#finish();
  }

  /** Drops what is buffered and calls connectionLost(null) in the next iteration. Python: WriteTransport.abort(). */
  abort(): void {
    this.#forceClose(null);
  }

  /**
   * Takes the connection out of this transport, so that it can go on elsewhere: `loop.attachConnection()` here, or in
   * another loop that it is sent to. When this returns, nothing is read or written here any more, and the protocol is not
   * called any more, not even connectionLost. Python has no counterpart.
   * @throws {TransportStateError} ERR_TRANSPORT_CLOSING when the transport is closing, or has lost or given its connection;
   * ERR_SENDFILE_IN_PROGRESS while `loop.sendfile()` sends here
   * @throws {TypeError} when `onReturn` is not a function
   */
  detach({ onReturn }: DetachOptions = {}): DetachedConnection {
    if (onReturn !== undefined) checkCallback(onReturn, 'detach');
    const sock = this.#sock;
    if (!(sock instanceof Socket)) {
      throw new NoEpollError("Cannot detach the connection: Node's own handle has it, and keeps it");
    }
    this.#giveUp();
    const facts: ConnectionFacts = {
      unsent: this.#buffer.takeAll(),
      eofWritten: this.#eofWritten,
      eofReceived: this.#reading === 'ended',
      limits: this.#flow.limits,
      peername: this.getExtraInfo('peername'),
    };
    this.#owned.release();
    this.#server?.detach(this);
    const returned = onReturn === undefined ? null : returnTo(this.#loop, onReturn);
    return new DetachedConnection(moved(sock), facts, returned);
  }

  /** Whether `startTls()` can go on with the connection: not if it has TLS already. @internal */
  get canBeUpgraded(): boolean {
    return this.canWriteEof();
  }

  /** Internal, for `startTls()`. The server is told by the new owner when the connection is gone. */
  [GIVE_SOCKET](): GivenConnection {
    this.#giveUp();
    const unsent = this.#buffer.takeAll();
    this.#owned.release();
    const sock = this.#sock;
    return { sock: sock instanceof Socket ? moved(sock) : sock, unsent, owner: this.#server };
  }

  /** @throws {TransportStateError} ERR_TRANSPORT_CLOSING, ERR_SENDFILE_IN_PROGRESS */
  #giveUp(): void {
    if (this.#closing.state !== 'open') {
      const message = `Cannot detach the connection: ${inspect(this)}`;
      throw new TransportStateError(message, 'ERR_TRANSPORT_CLOSING');
    }
    if (this.#sole !== null)
      throw new TransportStateError(
        'Cannot detach the connection: sendfile is in progress',
        'ERR_SENDFILE_IN_PROGRESS',
      );
    this.#owned.unwatchAll(); // first: nothing of this iteration may read or write once the connection is handed over
    this.#closing.lost();
  }

  /** True after `close()` or `abort()`, and when the connection is lost. Python: BaseTransport.is_closing(). */
  isClosing(): boolean {
    return this.#closing.state !== 'open';
  }

  /**
   * Pauses dataReceived until `resumeReading()`: the system holds the peer back. Python: ReadTransport.pause_reading().
   */
  pauseReading(): void {
    if (!this.isReading()) return;
    this.#reading = 'paused';
    this.#owned.unwatch('reader');
  }

  /** Undoes `pauseReading()`. Does nothing if reading is not paused. Python: ReadTransport.resume_reading(). */
  resumeReading(): void {
    if (this.#closing.state !== 'open' || this.#reading !== 'paused') return;
    this.#reading = 'on';
    this.#watchReader();
  }

  /**
   * Whether data may come in: false when paused, when the peer has ended its side, and when closing. Python:
   * ReadTransport.is_reading().
   */
  isReading(): boolean {
    return this.#closing.state === 'open' && (this.#reading === 'starting' || this.#reading === 'on');
  }

  /**
   * Sets the marks of the write buffer. Python: WriteTransport.set_write_buffer_limits().
   * @throws {RangeError} unless high >= low >= 0
   */
  setWriteBufferLimits(limits: WriteBufferLimits = {}): void {
    this.#flow.setLimits(limits);
    this.#flow.grown(this.#buffer.size);
  }

  /** The marks of the write buffer, in bytes. Python: WriteTransport.get_write_buffer_limits(). */
  getWriteBufferLimits(): readonly [low: number, high: number] {
    return this.#flow.limits;
  }

  /** Number of bytes that are not sent yet. Python: WriteTransport.get_write_buffer_size(). */
  getWriteBufferSize(): number {
    return this.#buffer.size;
  }

  /**
   * What is known about the connection: 'socket', 'sockname', 'peername' (null when unknown). It stays available after
   * the connection is lost. Python: get_extra_info().
   */
  getExtraInfo(name: 'socket'): TransportSocket;
  getExtraInfo(name: 'sockname' | 'peername'): SocketAddress | string | null;
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    return this.#owned.facts.get(name, defaultValue);
  }

  /**
   * Sets the protocol that gets the events from now on. It may be of the other kind, with or without buffers of its own. Python:
   * BaseTransport.set_protocol().
   * @throws {TypeError} when it is no object, or has only one of the two methods of a BufferedProtocol and no dataReceived
   */
  setProtocol(protocol: StreamProtocol): void {
    checkProtocol(protocol);
    this.#protocol = protocol;
    this.#buffered = bufferedOrNull(protocol);
  }

  /** The protocol that gets the events. Python: BaseTransport.get_protocol(). */
  getProtocol(): StreamProtocol {
    return this.#protocol;
  }

  /** Internal, for `loop.sendfile()`: nobody else can write until the sender releases the transport. */
  [SEND_ALONE](): SoleSender {
    if (this.#closing.state !== 'open')
      throw new TransportStateError('Transport is closing', 'ERR_TRANSPORT_CLOSING');
    this.#checkMayWrite('sendfile');
    this.#sole = new SoleSender(this.#loop, {
      sock: this.#sock,
      bufferSize: () => this.#buffer.size,
      isPaused: () => this.#flow.isPaused,
      tellFlow: (method) => this.#errors.tellFlow(method),
      watchWriter: () => this.#watchWriter(),
      unwatchWriter: () => {
        if (this.#buffer.size === 0 && !this.#closing.isEnding) this.#owned.unwatch('writer');
      },
      write: (data) => this.#write(data),
      released: () => this.#released(),
    });
    return this.#sole;
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<StreamTransport${this.#owned.shown} ${this.#closing.state} reading=${this.#reading} buffered=${this.#buffer.size}${this.#sole === null ? '' : ' sendfile'}>`;
  }

  /** Called when the loop is closed: closes the socket, and calls nobody. */
  abandon(): void {
    this.#closing.lost();
    this.#buffer.clear();
    this.#owned.abandon();
  }

  #goOn({ unsent, eofWritten, eofReceived, limits: [low, high] }: ConnectionFacts): void {
    this.#flow.setLimits({ low, high });
    this.#eofWritten = eofWritten;
    if (eofReceived) this.#reading = 'ended';
    this.#buffer.append(unsent);
    if (unsent.byteLength > 0) this.#watchWriter();
  }

  readonly #connectionMade = (): void => {
    if (this.#closing.state === 'lost') return; // detached before it began
    this.#errors.watch(this.#protocol.connectionMade?.(this), 'protocol.connection_made() failed');
  };

  readonly #startReading = (): void => {
    if (!this.#closing.isEnding) this.#flow.grown(this.#buffer.size); // bytes that another transport has left
    if (this.#closing.state !== 'open' || this.#reading !== 'starting') return;
    this.#reading = 'on';
    this.#watchReader();
  };

  readonly #onReadable = (): void => {
    if (this.#closing.state !== 'open') return;
    if (this.#buffered !== null) {
      this.#receiveInto(this.#buffered);
      return;
    }
    const { received } = this.#net;
    const count = this.#sock.tryRecvInto(received.room);
    if (count > 0) this.#dataReceived(received.take(count));
    else if (count === 0) this.#eofReceived();
    else if (count !== -EAGAIN) this.#socketFailed('recv', -count);
  };

  #receiveInto(protocol: BufferedProtocol): void {
    const buffer = this.#askForBuffer(protocol);
    if (buffer === null || !this.isReading()) return; // getBuffer() may have closed or paused
    const count = this.#sock.tryRecvInto(buffer);
    if (count > 0) this.#bufferUpdated(protocol, count);
    else if (count === 0) this.#eofReceived();
    else if (count !== -EAGAIN) this.#socketFailed('recv', -count);
  }

  #askForBuffer(protocol: BufferedProtocol): Uint8Array | null {
    try {
      return askForBuffer(protocol, this.#errors);
    } catch (thrown) {
      this.#protocolFailed('Fatal error: protocol.get_buffer() call failed.', thrown);
      return null;
    }
  }

  #bufferUpdated(protocol: BufferedProtocol, count: number): void {
    const message = 'Fatal error: protocol.buffer_updated() call failed.';
    try {
      const lender: { bufferUpdated(bytes: number): unknown } = protocol; // JavaScript may return anything
      this.#errors.watch(lender.bufferUpdated(count), message, this.#protocolFailed);
    } catch (thrown) {
      this.#protocolFailed(message, thrown);
    }
  }

  #dataReceived(data: Buffer): void {
    const message = 'Fatal error: protocol.data_received() call failed.';
    try {
      const protocol = this.#protocol as Protocol; // it is not buffered
      this.#errors.watch(protocol.dataReceived?.(data), message, this.#protocolFailed);
    } catch (thrown) {
      this.#protocolFailed(message, thrown);
    }
  }

  #eofReceived(): void {
    this.#reading = 'ended';
    this.#owned.unwatch('reader');
    const message = 'Fatal error: protocol.eof_received() call failed.';
    let keepOpen: unknown;
    try {
      keepOpen = this.#protocol.eofReceived?.();
      this.#errors.watch(keepOpen, message, this.#protocolFailed);
    } catch (thrown) {
      this.#protocolFailed(message, thrown);
      return;
    }
    if (keepOpen !== true) this.close();
    else if (!this.canWriteEof()) {
      console.warn('returning true from eof_received() has no effect when using ssl');
      this.close();
    }
  }

  readonly #onWritable = (): void => {
    if (!this.#flush()) return; // the connection is lost
    this.#flow.shrunk(this.#buffer.size);
    // The protocol may have written more, or aborted.
    if (this.#buffer.size > 0 || this.#closing.isEnding) return;
    if (this.#closing.state === 'flushing') {
      const outcome = this.#tryFinish();
      if (outcome !== 'pending') this.#connectionLost(outcome);
      return;
    }
    this.#owned.unwatch('writer');
    if (this.#sole !== null) this.#sole.onWritable();
    else if (this.#eofWritten) this.#shutdown();
  };

  /** All is sent, and the connection is to be closed. */
  #finish(): void {
    const outcome = this.#tryFinish();
    if (outcome === 'pending') this.#watchWriter();
    else this.#loseSoon(outcome);
  }

  #tryFinish(): 'pending' | Error | null {
    return this.#sock.tryFinish?.() ?? null;
  }

  /** Sends from the buffer what the system takes, but not for ever. False: the connection is lost. */
  #flush(): boolean {
    for (let left = FLUSHES_AT_ONCE; left > 0 && this.#buffer.size > 0; left--) {
      const pieces = this.#buffer.peekAll(BLOCKS_AT_ONCE);
      const sent = this.#sendOnce(pieces);
      if (sent === null) return false;
      this.#buffer.consume(sent);
      if (sent < bytesOf(pieces)) break; // the rest when the system tells that it takes more
    }
    return true;
  }

  /** Sends the pieces until the system takes no more, and returns how many bytes it took. Null: the connection is lost. */
  #sendAll(pieces: readonly Uint8Array[]): number | null {
    let total = 0;
    for (let at = 0; at < pieces.length; at += MOST_BUFFERS) {
      const batch = pieces.length <= MOST_BUFFERS ? pieces : pieces.slice(at, at + MOST_BUFFERS);
      const sent = this.#sendOnce(batch);
      if (sent === null) return null;
      total += sent;
      if (sent < bytesOf(batch)) break;
    }
    return total;
  }

  #sendOnce(pieces: readonly Uint8Array[]): number | null {
    const [first] = pieces;
    if (first === undefined) return 0;
    return this.#took(pieces.length === 1 ? this.#sock.trySend(first) : this.#sock.trySendAll(pieces));
  }

  /**
   * Sends `data`, and returns how many bytes the system took. Null: the connection is broken, and connectionLost is
   * queued.
   */
  #send(data: Uint8Array): number | null {
    return this.#took(this.#sock.trySend(data));
  }

  #took(sent: number): number | null {
    if (sent >= 0) return sent;
    if (sent === -EAGAIN) return 0;
    this.#socketFailed('send', -sent);
    return null;
  }

  #checkMayWrite(method: 'write' | 'writelines' | 'sendfile'): void {
    if (this.#eofWritten)
      throw new TransportStateError(`Cannot call ${method}() after write_eof()`, 'ERR_WRITE_AFTER_EOF');
    if (this.#sole !== null)
      throw new TransportStateError(
        `unable to ${method}; sendfile is in progress`,
        'ERR_SENDFILE_IN_PROGRESS',
      );
  }

  #released(): void {
    this.#sole = null;
    if (this.#eofWritten && this.#buffer.size === 0 && this.#closing.state === 'open') this.#shutdown();
  }

  #shutdown(): void {
    const result = this.#sock.tryShutdown(SHUT_WR);
    if (result < 0) this.#socketFailed('shutdown', -result); // the peer has reset the connection
  }

  /** Closes a broken connection. That is ordinary: the protocol is told, but not the exception handler. */
  #socketFailed(syscall: string, errno: number): void {
    const error = this.#sock.brokenBy ?? systemError(syscall, errno);
    if (this.#loop.getDebug()) console.debug(`${inspect(this)}: ${error.message}`);
    this.#forceClose(error);
  }

  readonly #protocolFailed = (message: string, thrown: unknown): void => {
    this.#errors.report(message, thrown);
    this.#forceClose(toError(thrown));
  };

  #forceClose(exc: Error | null): void {
    if (this.#closing.isEnding) return;
    this.#buffer.clear();
    this.#loseSoon(exc);
  }

  #loseSoon(exc: Error | null): void {
    if (!this.#closing.tryLose(exc)) return;
    this.#owned.unwatchAll();
    this.#sole?.onEnd(exc);
  }

  readonly #connectionLost = (exc: Error | null): void => {
    this.#closing.lost();
    try {
      this.#errors.watch(this.#protocol.connectionLost?.(exc), 'protocol.connection_lost() failed');
    } finally {
      this.#owned.close();
      this.#server?.detach(this);
    }
  };

  #watchReader(): void {
    this.#watch('reader', this.#onReadable);
  }

  #watchWriter(): boolean {
    return this.#watch('writer', this.#onWritable);
  }

  /** False: the system refuses to watch, and so the connection is lost. */
  #watch(direction: Direction, callback: () => void): boolean {
    const refusal = this.#owned.watch(direction, callback);
    if (refusal !== null) this.#forceClose(refusal);
    return refusal === null;
  }
}

/** Calls `onReturn` in the loop. If the loop is closed, nobody can use the connection there. */
function returnTo(
  loop: NetLoop,
  onReturn: (connection: DetachedConnection) => void,
): (connection: DetachedConnection) => void {
  return (connection) => {
    if (loop.isClosed()) connection.close();
    else loop.callSoon(onReturn, connection);
  };
}
