import { type BaseEventLoop, getEventLoop } from '@ringloop/core';
import type { Protocol } from '../transports/protocol.js';
import type { Transport } from '../transports/transport.js';
import { checkHandler, type OnConnection, startHandler } from './start-handler.js';
import { FLOW, StreamFlow } from './stream-flow.js';
import type { StreamReader } from './stream-reader.js';
import { SERVES, StreamWriter, UPGRADED } from './stream-writer.js';
import { WRITER_DROPPED } from './unclosed-writers.js';

/** Options of a StreamReaderProtocol. */
export interface StreamReaderProtocolOptions {
  /** Called with the reader and a writer when the connection is made, in a task of its own: for servers. */
  readonly onConnection?: OnConnection | null;
  /** The loop of the connection; by default `getEventLoop()`. */
  readonly loop?: BaseEventLoop | null;
}

/**
 * The protocol that feeds a StreamReader, and that the StreamWriter of the same connection waits for. Use it to make streams of any
 * transport: `loop.connectAcceptedSocket(() => new StreamReaderProtocol(reader), sock)`. Python: asyncio.StreamReaderProtocol.
 */
export class StreamReaderProtocol implements Protocol {
  /** @internal */
  readonly [FLOW]: StreamFlow;
  readonly #reader: StreamReader;
  readonly #onConnection: OnConnection | null;
  #transport: Transport | null = null;
  #ended = false;
  #writerDropped = false;
  /** With TLS our side cannot stay open alone. */
  #isEncrypted = false;

  /**
   * @throws {TypeError} when `onConnection` is no function
   * @throws {LoopStateError} ERR_NO_CURRENT_LOOP
   */
  constructor(reader: StreamReader, { onConnection, loop }: StreamReaderProtocolOptions = {}) {
    this.#reader = reader;
    if (onConnection != null) checkHandler(onConnection);
    this.#onConnection = onConnection ?? null;
    this[FLOW] = new StreamFlow(loop ?? getEventLoop());
  }

  /** Gives the transport to the reader, and starts `onConnection`. Python: StreamReaderProtocol.connection_made(). */
  connectionMade(transport: Transport): void {
    this.#reader.setTransport(transport);
    this.#setTransport(transport);
    if (this.#onConnection === null) return;
    const writer = new StreamWriter(transport, this, { reader: this.#reader });
    startHandler(this[FLOW].loop, this.#onConnection, { reader: this.#reader, writer });
  }

  /** Python: StreamReaderProtocol.data_received(). */
  dataReceived(data: Buffer): void {
    this.#reader.feedData(data);
  }

  /** Ends the reader. Our side stays open, so that it can answer. Python: StreamReaderProtocol.eof_received(). */
  eofReceived(): boolean {
    this.#ended = true;
    this.#reader.feedEof();
    return !this.#writerDropped && !this.#isEncrypted;
  }

  /** Python: FlowControlMixin.pause_writing(). */
  pauseWriting(): void {
    this[FLOW].pause();
  }

  /** Python: FlowControlMixin.resume_writing(). */
  resumeWriting(): void {
    this[FLOW].resume();
  }

  /** Ends the reader, or fails it with `exc`; wakes who waits for the writer. Python: StreamReaderProtocol.connection_lost(). */
  connectionLost(exc: Error | null): void {
    if (exc === null) this.#reader.feedEof();
    else this.#reader.setException(exc);
    this[FLOW].lost(exc);
    this.#transport = null;
  }

  /** Whether it is the protocol of a server. @internal */
  get [SERVES](): boolean {
    return this.#onConnection !== null;
  }

  /** The connection goes on with TLS. @internal */
  [UPGRADED](transport: Transport): void {
    this.#setTransport(transport);
  }

  #setTransport(transport: Transport): void {
    this.#transport = transport;
    this.#isEncrypted = transport.getExtraInfo('sslcontext') !== null;
  }

  /** Nobody can write or close any more. What the peer still sends may be read. @internal */
  [WRITER_DROPPED](): void {
    this.#writerDropped = true;
    if (this.#ended) this.#transport?.close();
  }
}
