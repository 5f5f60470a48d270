import { constants } from 'node:os';
import { inspect } from 'node:util';
import { toError } from '@ringloop/core/internal';
import { EAGAIN } from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import { type Abandonable, type LoopNet, NET, type NetLoop } from '../loop-net.js';
import { askForBuffer } from '../transports/ask-for-buffer.js';
import { Closing } from '../transports/closing.js';
import { checkProtocol } from '../transports/make-protocol.js';
import { OwnedDescriptor } from '../transports/owned-descriptor.js';
import {
  type BufferedProtocol,
  bufferedOrNull,
  type Protocol,
  type StreamProtocol,
} from '../transports/protocol.js';
import { ProtocolErrors } from '../transports/protocol-errors.js';
import type { ReadTransport } from '../transports/transport.js';
import type { PipeEnd } from './pipe-file.js';
import type { PipeLike } from './pipe-like.js';
import type { ReadPipeProtocol } from './pipe-protocols.js';

const { EIO } = constants.errno;

export interface PipeTransportOptions<P> {
  readonly protocol: P;
  /** What `getExtraInfo('pipe')` gives. */
  readonly pipe: PipeLike | null;
  /** Called in the loop right after connectionMade. */
  readonly onStarted?: () => void;
}

/**
 * Reads a pipe, and calls its protocol with what comes out. It owns the pipe. At the end of the data the protocol's eofReceived is
 * called, then connectionLost(null), each in an iteration of its own queueing, whatever eofReceived returns. Python: asyncio's
 * transport of connect_read_pipe().
 */
export class ReadPipeTransport implements ReadTransport, Abandonable {
  readonly #loop: NetLoop;
  readonly #net: LoopNet;
  readonly #file: PipeEnd;
  readonly #pipe: PipeLike | null;
  readonly #owned: OwnedDescriptor;
  readonly #errors: ProtocolErrors;
  readonly #closing = new Closing((exc) => this.#loop.callSoon(this.#connectionLost, exc));
  #protocol: StreamProtocol;
  /** starting: before connectionMade. */
  #reading: 'starting' | 'on' | 'paused' = 'starting';

  constructor(
    loop: NetLoop,
    file: PipeEnd,
    { protocol, pipe, onStarted }: PipeTransportOptions<ReadPipeProtocol>,
  ) {
    this.#loop = loop;
    this.#net = loop[NET];
    this.#file = file;
    this.#pipe = pipe;
    this.#protocol = protocol;
    this.#errors = new ProtocolErrors(loop, this);
    this.#owned = new OwnedDescriptor(loop, file, this);
    loop.callSoon(this.#connectionMade);
    loop.callSoon(this.#startReading);
    if (onStarted !== undefined) loop.callSoon(onStarted);
  }

  /** Stops reading, and calls connectionLost(null) in the next iteration. Python: BaseTransport.close(). */
  close(): void {
    this.#loseSoon(null);
  }

  /** As `close()`: there is nothing that could be sent first. */
  abort(): void {
    this.#loseSoon(null);
  }

  /** True after `close()`, and when the pipe has ended. Python: BaseTransport.is_closing(). */
  isClosing(): boolean {
    return this.#closing.state !== 'open';
  }

  /** No data arrives until `resumeReading()`: the system holds the writer back. Python: ReadTransport.pause_reading(). */
  pauseReading(): void {
    if (!this.isReading()) return;
    this.#reading = 'paused';
    this.#owned.unwatch('reader'); // also of hang-ups: they are reported again and again
  }

  /** Undoes `pauseReading()`. Does nothing if reading is not paused. Python: ReadTransport.resume_reading(). */
  resumeReading(): void {
    if (this.isClosing() || this.#reading !== 'paused') return;
    this.#reading = 'on';
    this.#watch();
  }

  /** Whether data may come: false when paused, and when closing. Python: ReadTransport.is_reading(). */
  isReading(): boolean {
    return !this.isClosing() && this.#reading !== 'paused';
  }

  /** 'pipe': what the transport was made with. Python: BaseTransport.get_extra_info(). */
  getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    return name === 'pipe' ? this.#pipe : defaultValue;
  }

  /** Sets the protocol that gets the events from now on. Python: BaseTransport.set_protocol(). */
  setProtocol(protocol: ReadPipeProtocol): void {
    checkProtocol(protocol);
    this.#protocol = protocol;
  }

  /** The protocol that gets the events. Python: BaseTransport.get_protocol(). */
  getProtocol(): ReadPipeProtocol {
    return this.#protocol;
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<ReadPipeTransport${this.#owned.shown} ${this.#closing.state} reading=${this.#reading}>`;
  }

  /** Called when the loop is closed: closes the pipe, and calls nobody. */
  abandon(): void {
    this.#closing.lost();
    this.#owned.abandon();
  }

  readonly #connectionMade = (): void => {
    const protocol: ReadPipeProtocol = this.#protocol;
    this.#errors.watch(protocol.connectionMade?.(this), 'protocol.connection_made() failed');
  };

  readonly #startReading = (): void => {
    if (this.isClosing() || this.#reading !== 'starting') return;
    this.#reading = 'on';
    this.#watch();
  };

  readonly #onReadable = (): void => {
    if (this.isClosing()) return;
    const lender = bufferedOrNull(this.#protocol);
    if (lender !== null) {
      this.#receiveInto(lender);
      return;
    }
    const { received } = this.#net;
    const count = this.#file.tryRead(received.room);
    if (count > 0) this.#dataReceived(received.take(count));
    else this.#nothingReceived(count);
  };

  #nothingReceived(result: number): void {
    if (result === 0) this.#ended();
    else if (result !== -EAGAIN) this.#failed(-result);
  }

  /** What it throws is told to the exception handler, and reading goes on: so does asyncio. */
  #dataReceived(data: Buffer): void {
    const protocol = this.#protocol as Protocol; // it lends nothing
    this.#errors.watch(protocol.dataReceived?.(data), 'protocol.data_received() failed');
  }

  #receiveInto(lender: BufferedProtocol): void {
    const room = this.#askForBuffer(lender);
    if (room === null || !this.isReading()) return; // getBuffer() may have closed or paused
    const count = this.#file.tryRead(room);
    if (count <= 0) {
      this.#nothingReceived(count);
      return;
    }
    const told: { bufferUpdated(bytes: number): unknown } = lender; // JavaScript may return anything
    this.#errors.watch(told.bufferUpdated(count), 'protocol.buffer_updated() failed');
  }

  /** Null: it has failed, and would fail in each iteration. So the pipe is closed. */
  #askForBuffer(lender: BufferedProtocol): Uint8Array | null {
    try {
      return askForBuffer(lender, this.#errors);
    } catch (thrown) {
      this.#errors.report('Fatal error: protocol.get_buffer() call failed.', thrown);
      this.#loseSoon(toError(thrown));
      return null;
    }
  }

  #failed(errno: number): void {
    const message = 'Fatal read error on pipe transport';
    const error = systemError('read', errno);
    // The other side of a terminal is closed: that is how a terminal ends.
    if (errno !== EIO) this.#errors.report(message, error);
    else if (this.#loop.getDebug()) console.debug(`${inspect(this)}: ${message}: ${error.message}`);
    this.#loseSoon(error);
  }

  #ended(): void {
    if (this.#loop.getDebug()) console.debug(`${inspect(this)} was closed by peer`);
    this.#loop.callSoon(() => {
      this.#errors.watch(this.#protocol.eofReceived?.(), 'protocol.eof_received() failed');
    });
    this.#loseSoon(null);
  }

  #loseSoon(exc: Error | null): void {
    if (this.#closing.tryLose(exc)) this.#owned.unwatchAll();
  }

  readonly #connectionLost = (exc: Error | null): void => {
    if (this.#closing.state === 'lost') return; // the loop was closed meanwhile
    this.#closing.lost();
    try {
      this.#errors.watch(this.#protocol.connectionLost?.(exc), 'protocol.connection_lost() failed');
    } finally {
      this.#owned.close();
    }
  };

  #watch(): void {
    const refusal = this.#owned.watch('reader', this.#onReadable);
    if (refusal !== null) this.#loseSoon(toError(refusal)); // a device that cannot be waited for
  }
}
