import { inspect } from 'node:util';
import type { Awaitable, CoroutineGenerator } from '@ringloop/core';
import { SETTLED, startCoroutine, startFunction } from '@ringloop/core/internal';
import type { SocketAddress } from '../sockets/sockaddr.js';
import type { TransportSocket } from '../sockets/transport-socket.js';
import type { Transport, WriteTransport } from '../transports/transport.js';
import type { NetLoop } from '../loop-net.js';
import { startTls, type StartTlsOptions } from '../tls/start-tls.js';
import type { Ssl } from '../tls/ssl-options.js';
import type { Protocol } from '../transports/protocol.js';
import { FLOW, type StreamFlow } from './stream-flow.js';
import { type StreamReader, UPGRADE } from './stream-reader.js';
import { watchForClose } from './unclosed-writers.js';

const NOTHING = Buffer.alloc(0);

/** By these symbols a writer knows the protocol of its connection. */
export const SERVES: unique symbol = Symbol('serves');
export const UPGRADED: unique symbol = Symbol('upgraded');

/** A StreamReaderProtocol, as its writer sees it. */
interface WriterProtocol extends Protocol {
  readonly [FLOW]: StreamFlow;
  readonly [SERVES]: boolean;
  [UPGRADED](transport: Transport): void;
}

/** Options of a StreamWriter. */
export interface StreamWriterOptions {
  /** The reader of the same connection: `drain()` throws the error with which that was lost. */
  readonly reader?: StreamReader | null;
}

/**
 * The sending side of a connection. `write()` never waits; `await drain()` behind it does while the peer is slow. Close it when you no
 * longer need the connection. One that is garbage collected instead is told as a ResourceWarning, and its connection is closed when the
 * peer has ended its side, too. Python: asyncio.StreamWriter.
 */
export class StreamWriter implements AsyncDisposable {
  #transport: WriteTransport;
  readonly #protocol: WriterProtocol;
  readonly #flow: StreamFlow;
  readonly #reader: StreamReader | null;

  /** @param protocol the StreamReaderProtocol of the transport */
  constructor(transport: WriteTransport, protocol: WriterProtocol, { reader }: StreamWriterOptions = {}) {
    this.#transport = transport;
    this.#protocol = protocol;
    this.#flow = protocol[FLOW];
    this.#reader = reader ?? null;
    watchForClose(this, transport);
  }

  /** The transport under it. Python: StreamWriter.transport. */
  get transport(): WriteTransport {
    return this.#transport;
  }

  /**
   * Sends `data`, or keeps what the system does not take now; never waits. Follow it by `await drain()`. The caller may reuse the memory
   * on return. After `close()` or a lost connection, `data` is dropped. Python: StreamWriter.write().
   * @throws {TypeError} when `data` is not a Uint8Array
   * @throws {TransportStateError} ERR_WRITE_AFTER_EOF
   */
  write(data: Uint8Array): void {
    this.#transport.write(data);
  }

  /** Sends the chunks in one go, as `write()` does. Python: StreamWriter.writelines(). Throws as `write()`, before anything is sent. */
  writelines(list: Iterable<Uint8Array>): void {
    this.#transport.writelines(list);
  }

  /** Ends our side of the stream when everything is sent. Reading continues. Python: StreamWriter.write_eof(). */
  writeEof(): void {
    this.#transport.writeEof();
  }

  /** Whether `writeEof()` is possible. Python: StreamWriter.can_write_eof(). */
  canWriteEof(): boolean {
    return this.#transport.canWriteEof();
  }

  /**
   * Waits while more than the transport's high-water mark is to be sent, until it is down to the low-water mark. Several tasks may wait.
   * Python: StreamWriter.drain(). Rejects with
   * - the error with which the connection was lost, if there is a reader;
   * - a system error ECONNRESET 'Connection lost' when the connection is closed.
   */
  drain(): Awaitable<void> {
    const isIdle =
      this.#flow.state === 'writing' && (this.#reader?.exception() ?? null) === null && !this.isClosing();
    return isIdle ? SETTLED : startCoroutine(this.#drain(), this.#flow.loop);
  }

  /**
   * Encrypts the connection from now on, on the side of the server if it is one of a server. What was written before is sent in the
   * clear; what the reader has and nobody has read counts as encrypted. Python: StreamWriter.start_tls(). Rejects as
   * `loop.startTls()`, and with
   * - InvalidStateError when a task waits for the reader;
   * - what `drain()` rejects with.
   */
  startTls(ssl: Ssl, options: Omit<StartTlsOptions, 'serverSide'> = {}): Awaitable<void> {
    return startFunction(() => this.#startTls(ssl, options), { loop: this.#flow.loop });
  }

  async #startTls(ssl: Ssl, options: Omit<StartTlsOptions, 'serverSide'>): Promise<void> {
    await this.drain();
    const loop = this.#flow.loop as NetLoop; // it has made the transport
    const protocol = this.#protocol;
    const go = async (received: Buffer): Promise<Transport> =>
      startTls(loop, this.#transport as Transport, protocol, ssl, {
        ...options,
        serverSide: protocol[SERVES],
        received,
      });
    const transport = this.#reader === null ? await go(NOTHING) : await this.#reader[UPGRADE](go);
    this.#transport = transport;
    protocol[UPGRADED](transport);
    watchForClose(this, transport);
  }

  /** Sends what is buffered, then closes the connection. Python: StreamWriter.close(). */
  close(): void {
    this.#transport.close();
  }

  /** Whether the connection is closed or being closed. Python: StreamWriter.is_closing(). */
  isClosing(): boolean {
    return this.#transport.isClosing();
  }

  /**
   * Waits until the connection is closed, after `close()`. Cancelling one call does not disturb others. Python:
   * StreamWriter.wait_closed(). Rejects with the error with which the connection was lost: what was written last may not have arrived.
   */
  waitClosed(): Awaitable<void> {
    return startCoroutine(this.#flow.closed(), this.#flow.loop);
  }

  /**
   * What is known about the connection: 'socket', 'sockname', 'peername' (null when unknown); `defaultValue` for what is not known.
   * Python: StreamWriter.get_extra_info().
   */
  getExtraInfo(name: 'socket'): TransportSocket;
  getExtraInfo(name: 'sockname' | 'peername'): SocketAddress | string | null;
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    return this.#transport.getExtraInfo(name, defaultValue);
  }

  /** `close()`, then `waitClosed()`. */
  [Symbol.asyncDispose](): Awaitable<void> {
    this.close();
    return this.waitClosed();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const reader = this.#reader === null ? '' : ` reader=${inspect(this.#reader)}`;
    return `<StreamWriter transport=${inspect(this.#transport)}${reader}>`;
  }

  *#drain(): CoroutineGenerator<void> {
    const exception = this.#reader?.exception() ?? null;
    if (exception !== null) throw exception;
    // Let connectionLost be called. Otherwise a task that writes and drains in turn would never see that the connection is lost.
    if (this.isClosing()) yield;
    yield* this.#flow.drain();
  }
}
