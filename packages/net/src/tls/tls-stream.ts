import type { SecureContext, TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { TimeoutError, type TimerHandle } from '@ringloop/core';
import { SslError } from '../errors.js';
import { EAGAIN, EBADF } from '../libc/syscalls.js';
import type { NetLoop } from '../loop-net.js';
import type { Established } from '../node-handles/handle-names.js';
import type { HandleSelector } from '../node-handles/handle-selector.js';
import { HandleStream } from '../node-handles/handle-stream.js';
import { errnoOf } from '../node-handles/node-error.js';

/** Bytes that Node may hold before more is refused: a little, so that the transport's own count is nearly true. */
const HELD_BYTES = 65_536;
/** As CPython's for TLS, in bytes. */
const HIGH_WATER_BYTES = 512 * 1024;

export interface TlsStreamParts {
  readonly family: number;
  readonly established: Established;
  readonly context: SecureContext;
  /** In seconds. */
  readonly shutdownTimeout: number;
}

/**
 * A connection with TLS on Node's own TLSSocket, with the calls of a non-blocking socket. The handshake is over.
 *
 * Node reports that it has written only in a later turn, so bytes count as sent when Node has them, up to a limit.
 */
export class TlsStream extends HandleStream {
  override readonly highWater = HIGH_WATER_BYTES;
  override readonly hasHalfClose = false;
  readonly #loop: NetLoop;
  readonly #tls: TLSSocket;
  readonly #context: SecureContext;
  readonly #shutdownTimeout: number;
  /** What Node has not written yet. */
  #held = 0;
  #ending: 'no' | 'yes' | 'done' = 'no';
  #endError: Error | null = null;
  #timer: TimerHandle | null = null;

  constructor(loop: NetLoop, selector: HandleSelector, socket: TLSSocket, parts: TlsStreamParts) {
    super(selector, parts.family, socket, parts.established);
    this.#loop = loop;
    this.#tls = socket;
    this.#context = parts.context;
    this.#shutdownTimeout = parts.shutdownTimeout;
    // As in CPython. TLS 1.3 has none, and Node would take a new key for one.
    if (socket.getProtocol() !== 'TLSv1.3') socket.disableRenegotiation();
    this.noteWhatWas();
    for (const event of ['finish', 'end', 'close']) socket.on(event, () => this.#look());
  }

  override isReady(direction: 'reader' | 'writer'): boolean {
    if (direction === 'reader') return super.isReady('reader');
    if (this.#ending !== 'no') return this.#ending === 'done';
    return this.failure !== null || this.#held < HELD_BYTES;
  }

  override trySend(data: Uint8Array): number {
    if (this.isClosed) return -EBADF;
    if (this.failure !== null) return -errnoOf(this.failure);
    let taken = 0;
    while (taken < data.byteLength && this.#held < HELD_BYTES) {
      const piece = data.subarray(taken, taken + HELD_BYTES);
      const { byteLength } = piece;
      this.#held += byteLength;
      taken += byteLength;
      // Node encrypts a write at once unless another one is under way; then it keeps the memory, which is the caller's.
      this.#tls.write(this.#tls.writableLength === 0 ? piece : Buffer.from(piece), () => {
        this.#held -= byteLength;
        this.touch();
      });
    }
    return taken === 0 && data.byteLength > 0 ? -EAGAIN : taken;
  }

  /**
   * Tells the peer that nothing more comes, and waits until the peer says the same. Data that still comes is dropped.
   * @returns null when that is done, or why it did not happen
   */
  tryFinish(): 'pending' | Error | null {
    if (this.#ending === 'no') {
      this.#ending = 'yes';
      this.#timer = this.#loop.callLater(this.#shutdownTimeout, () => {
        this.#endError = new TimeoutError('SSL shutdown timed out');
        this.#end();
      });
      this.#tls.resume();
      this.#tls.end();
      this.#look();
    }
    return this.#ending === 'yes' ? 'pending' : this.#endError;
  }

  /** OpenSSL's errors have no errno. */
  get brokenBy(): Error | null {
    const { failure } = this;
    if (failure === null || failure.errno !== undefined) return null;
    return new SslError(failure.message, failure.code ?? 'ERR_SSL', { cause: failure });
  }

  extraInfo(name: string): unknown {
    switch (name) {
      case 'peercert': {
        const certificate = this.#tls.getPeerCertificate() as object | null;
        return certificate === null || Object.keys(certificate).length === 0 ? null : certificate;
      }
      case 'cipher':
        return this.#tls.getCipher();
      case 'sslcontext':
        return this.#context;
      case 'ssl_object':
        return this.#tls;
      default:
        return undefined;
    }
  }

  override close(): void {
    this.#timer?.cancel();
    super.close();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  override [inspect.custom](): string {
    return `<TlsStream family=${this.family} ${this.isClosed ? 'closed' : 'open'}>`;
  }

  /** Whether both sides have ended by now. */
  #look(): void {
    const { destroyed, writableFinished, readableEnded } = this.#tls;
    if (this.#ending === 'yes' && (destroyed || (writableFinished && (readableEnded || this.hasEnded))))
      this.#end();
  }

  #end(): void {
    this.#ending = 'done';
    this.#timer?.cancel();
    this.touch();
  }
}
