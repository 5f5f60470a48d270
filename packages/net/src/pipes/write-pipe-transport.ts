import { inspect } from 'node:util';
import { EAGAIN, EPIPE } from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import type { Abandonable, NetLoop } from '../loop-net.js';
import { checkBytes } from '../sockets/bytes.js';
import { Closing } from '../transports/closing.js';
import { FlowControl, type WriteBufferLimits } from '../transports/flow-control.js';
import { checkProtocol } from '../transports/make-protocol.js';
import { OwnedDescriptor } from '../transports/owned-descriptor.js';
import { joinSmall } from '../transports/pieces.js';
import { ProtocolErrors } from '../transports/protocol-errors.js';
import type { WriteTransport } from '../transports/transport.js';
import { WriteBuffer } from '../transports/write-buffer.js';
import type { PipeEnd } from './pipe-file.js';
import type { PipeLike } from './pipe-like.js';
import type { WritePipeProtocol } from './pipe-protocols.js';
import type { PipeTransportOptions } from './read-pipe-transport.js';

/** As CPython says it. */
const LATE = 'pipe closed by peer or os.write(pipe, data) raised exception.';

/**
 * Writes into a pipe. It owns the pipe. When the last reader goes away, its protocol is told by connectionLost: with EPIPE if bytes
 * are left, otherwise with null. Python: asyncio's transport of connect_write_pipe().
 */
export class WritePipeTransport implements WriteTransport, Abandonable {
  readonly #loop: NetLoop;
  readonly #file: PipeEnd;
  readonly #pipe: PipeLike | null;
  readonly #owned: OwnedDescriptor;
  readonly #errors: ProtocolErrors;
  readonly #buffer = new WriteBuffer();
  readonly #flow = new FlowControl((method) => this.#errors.tellFlow(method));
  readonly #closing = new Closing((exc) => this.#loop.callSoon(this.#connectionLost, exc), LATE);
  #protocol: WritePipeProtocol;

  constructor(
    loop: NetLoop,
    file: PipeEnd,
    { protocol, pipe, onStarted }: PipeTransportOptions<WritePipeProtocol>,
  ) {
    this.#loop = loop;
    this.#file = file;
    this.#pipe = pipe;
    this.#protocol = protocol;
    this.#errors = new ProtocolErrors(loop, this);
    this.#owned = new OwnedDescriptor(loop, file, this);
    loop.callSoon(this.#connectionMade);
    // A device cannot be read to find out whether somebody is there: a terminal would give what is typed.
    if (file.kind !== 'device') loop.callSoon(this.#watchReader);
    if (onStarted !== undefined) loop.callSoon(onStarted);
  }

  /**
   * Writes `data`. What the system does not take now is written later; this never waits. The caller may reuse the memory on return.
   * After `close()`, and when the pipe is lost, `data` is dropped. Python: WriteTransport.write().
   * @throws {TypeError} when `data` is not a Uint8Array
   */
  write(data: Uint8Array): void {
    checkBytes(data);
    if (data.byteLength === 0) return;
    if (this.isClosing()) {
      this.#closing.noteLateWrite();
      return;
    }
    let rest = data;
    if (this.#buffer.size === 0) {
      const written = this.#tryWrite(data);
      if (written === null || written === data.byteLength) return;
      rest = data.subarray(written);
      if (!this.#watchWriter()) return;
    }
    this.#buffer.append(rest);
    this.#flow.grown(this.#buffer.size);
  }

  /** Writes the chunks one after the other. Python: WriteTransport.writelines(). Throws as `write()`, before anything is written. */
  writelines(list: Iterable<Uint8Array>): void {
    const chunks = [...list];
    for (const chunk of chunks) checkBytes(chunk);
    for (const piece of joinSmall(chunks)) this.write(piece);
  }

  /** As `close()`: a pipe has no other end. Python: WriteTransport.write_eof(). */
  writeEof(): void {
    if (!this.#closing.tryFlush()) return;
    if (this.#buffer.size === 0) this.#loseSoon(null);
  }

  /** Always true. Python: WriteTransport.can_write_eof(). */
  canWriteEof(): boolean {
    return true;
  }

  /** Writes what is buffered, then closes the pipe and calls connectionLost(null). Python: BaseTransport.close(). */
  close(): void {
    this.writeEof();
  }

  /** Drops what is buffered and calls connectionLost(null) in the next iteration. Python: WriteTransport.abort(). */
  abort(): void {
    this.#loseSoon(null);
  }

  /** True after `close()` or `abort()`, and when the pipe is lost. Python: BaseTransport.is_closing(). */
  isClosing(): boolean {
    return this.#closing.state !== 'open';
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

  /** Number of bytes that are not written yet. Python: WriteTransport.get_write_buffer_size(). */
  getWriteBufferSize(): number {
    return this.#buffer.size;
  }

  /** 'pipe': what the transport was made with. Python: BaseTransport.get_extra_info(). */
  getExtraInfo(name: string, defaultValue: unknown = null): unknown {
    return name === 'pipe' ? this.#pipe : defaultValue;
  }

  /** Sets the protocol that gets the events from now on. Python: BaseTransport.set_protocol(). */
  setProtocol(protocol: WritePipeProtocol): void {
    checkProtocol(protocol);
    this.#protocol = protocol;
  }

  /** The protocol that gets the events. Python: BaseTransport.get_protocol(). */
  getProtocol(): WritePipeProtocol {
    return this.#protocol;
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<WritePipeTransport${this.#owned.shown} ${this.#closing.state} buffered=${this.#buffer.size}>`;
  }

  /** Called when the loop is closed: closes the pipe, and calls nobody. */
  abandon(): void {
    this.#closing.lost();
    this.#buffer.clear();
    this.#owned.abandon();
  }

  readonly #connectionMade = (): void => {
    this.#errors.watch(this.#protocol.connectionMade?.(this), 'protocol.connection_made() failed');
  };

  /** The system reports the end of the last reader as an error, which concerns readers and writers. */
  readonly #watchReader = (): void => {
    if (this.#closing.isEnding) return;
    const refusal = this.#owned.watch('reader', this.#onReaderGone);
    if (refusal !== null) this.#loseSoon(refusal);
  };

  readonly #onReaderGone = (): void => {
    if (this.#closing.isEnding) return;
    if (this.#loop.getDebug()) console.debug(`${inspect(this)} was closed by peer`);
    const errno = this.#buffer.size > 0 ? EPIPE : this.#file.failure;
    this.#loseSoon(errno === 0 ? null : systemError('write', errno));
  };

  readonly #onWritable = (): void => {
    const next = this.#buffer.peek();
    if (next === null) return;
    const written = this.#tryWrite(next);
    if (written === null) return;
    this.#buffer.consume(written);
    this.#flow.shrunk(this.#buffer.size);
    // The protocol may have written more, or aborted.
    if (this.#buffer.size > 0 || this.#closing.isEnding) return;
    this.#owned.unwatch('writer');
    if (this.isClosing()) this.#connectionLost(null);
  };

  /** Returns how many bytes the system took. Null: the pipe is broken, and connectionLost is queued. */
  #tryWrite(data: Uint8Array): number | null {
    const written = this.#file.tryWrite(data);
    if (written >= 0) return written;
    if (written === -EAGAIN) return 0;
    const error = systemError('write', -written);
    if (this.#loop.getDebug()) console.debug(`${inspect(this)}: ${error.message}`);
    this.#loseSoon(error);
    return null;
  }

  #watchWriter(): boolean {
    const refusal = this.#owned.watch('writer', this.#onWritable);
    if (refusal !== null) this.#loseSoon(refusal);
    return refusal === null;
  }

  #loseSoon(exc: Error | null): void {
    if (this.#closing.isEnding) return;
    this.#buffer.clear();
    if (this.#closing.tryLose(exc)) this.#owned.unwatchAll();
  }

  readonly #connectionLost = (exc: Error | null): void => {
    if (this.#closing.state === 'lost') return; // the loop was closed meanwhile
    this.#closing.lost();
    this.#owned.unwatchAll();
    try {
      this.#errors.watch(this.#protocol.connectionLost?.(exc), 'protocol.connection_lost() failed');
    } finally {
      this.#owned.close();
    }
  };
}
