import { Duplex } from 'node:stream';
import { toError } from '@ringloop/core/internal';
import { ECANCELED, EPIPE } from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import type { Protocol } from '../transports/protocol.js';
import type { Transport } from '../transports/transport.js';

/** Options of `duplexFrom()`, with the meanings that they have for a `stream.Duplex`. */
export interface TransportDuplexOptions {
  /** False to end our side as soon as the peer has ended its side and all was read; true by default. */
  readonly allowHalfOpen?: boolean;
  /** Bytes; by default Node's. */
  readonly readableHighWaterMark?: number;
  /** Bytes; by default Node's. */
  readonly writableHighWaterMark?: number;
}

/** What the streams that had the connection before leave to the Duplex. */
interface Inheritance {
  /** Their protocol. It is told what concerns the writer. */
  readonly previous: Protocol | null;
  readonly data: Buffer;
  /** Whether the peer has ended its side. */
  readonly isEnded: boolean;
}

type Done = (error?: Error | null) => void;

/** A connection as a stream of Node, see `duplexFrom()`. */
export class TransportDuplex extends Duplex {
  readonly #transport: Transport;
  readonly #previous: Protocol | null;
  /** Whether the transport has bytes that are not sent yet. */
  #isFull: boolean;
  /** Whether the peer has ended its side. */
  #isEnded: boolean;
  #isLost = false;
  /** Ends the write, or the end of the writable side, that waits until the transport has sent everything. */
  #sent: Done | null = null;
  /** Ends `destroy()`, which waits for the end of the connection. */
  #destroyed: (() => void) | null = null;

  constructor(
    transport: Transport,
    options: TransportDuplexOptions,
    { previous, data, isEnded }: Inheritance = { previous: null, data: Buffer.alloc(0), isEnded: false },
  ) {
    const { allowHalfOpen = true, readableHighWaterMark, writableHighWaterMark } = options;
    super({
      allowHalfOpen,
      ...(readableHighWaterMark === undefined ? {} : { readableHighWaterMark }),
      ...(writableHighWaterMark === undefined ? {} : { writableHighWaterMark }),
    });
    this.#transport = transport;
    this.#previous = previous;
    this.#isEnded = isEnded;
    this.#isFull = transport.getWriteBufferSize() > 0;
    transport.setProtocol(this.#protocol);
    // The writable side has a buffer of its own, and must learn when the transport's is empty.
    transport.setWriteBufferLimits({ high: 0 });
    if (data.length > 0) this.push(data);
    if (isEnded) this.push(null);
  }

  override _read(): void {
    this.#transport.resumeReading();
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#write(() => this.#transport.write(chunk), done);
  }

  override _writev(chunks: readonly { chunk: Buffer }[], done: Done): void {
    this.#write(() => this.#transport.writelines(chunks.map(({ chunk }) => chunk)), done);
  }

  override _final(done: Done): void {
    if (this.#isLost) done();
    else if (this.#transport.canWriteEof()) this.#send(() => this.#transport.writeEof(), done);
    else this.#send(() => this.#transport.close(), done);
  }

  override _destroy(error: Error | null, done: Done): void {
    const isClosing = this.#transport.isClosing();
    if (error === null && this.writableFinished) this.#transport.close();
    else this.#transport.abort();
    this.#end(error ?? systemError('write', ECANCELED));
    // When it was closing before, do not wait: its loop may be closed, and then nobody is told of the end.
    if (this.#isLost || isClosing) done(error);
    else this.#destroyed = () => done(error);
  }

  #write(call: () => void, done: Done): void {
    if (this.#isLost) done(systemError('write', EPIPE));
    // A transport that finds the connection broken begins to close and drops the data. #lost() will say why.
    else this.#send(call, done, () => !this.#isFull && !this.#transport.isClosing());
  }

  #send(call: () => void, done: Done, isSent = (): boolean => !this.#isFull): void {
    try {
      call();
    } catch (thrown) {
      done(toError(thrown)); // the writer has ended the connection's side before
      return;
    }
    if (isSent()) done();
    else this.#sent = done;
  }

  #end(error: Error | null): void {
    const sent = this.#sent;
    this.#sent = null;
    sent?.(error);
  }

  #lost(exc: Error | null): void {
    this.#isLost = true;
    if (this.#destroyed !== null) {
      this.#destroyed();
      return;
    }
    this.#end(exc ?? systemError('write', EPIPE)); // it was not sent
    if (exc !== null) {
      this.destroy(exc);
      return;
    }
    // Others have closed the transport. What has come in before may still be read.
    if (this.readableEnded) {
      this.destroy();
      return;
    }
    this.once('end', () => this.destroy());
    if (!this.#isEnded) this.push(null);
  }

  readonly #protocol: Protocol = {
    dataReceived: (data) => {
      if (!this.push(data)) this.#transport.pauseReading();
    },
    eofReceived: () => {
      this.#isEnded = true;
      this.push(null);
      return true; // the Duplex ends the other side, according to `allowHalfOpen`
    },
    pauseWriting: () => {
      this.#isFull = true;
      this.#previous?.pauseWriting?.();
    },
    resumeWriting: () => {
      this.#isFull = false;
      this.#previous?.resumeWriting?.();
      this.#end(null);
    },
    connectionLost: (exc) => {
      this.#previous?.connectionLost?.(exc);
      this.#lost(exc);
    },
  };
}
