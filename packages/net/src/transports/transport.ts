import type { SocketAddress } from '../sockets/sockaddr.js';
import type { TransportSocket } from '../sockets/transport-socket.js';
import type { WriteBufferLimits } from './flow-control.js';
import type { Protocol } from './protocol.js';

/** Methods of every transport. Python: asyncio.BaseTransport. */
export interface BaseTransport {
  /** Closes the transport in order; what is buffered is sent first. Python: BaseTransport.close(). */
  close(): void;
  /** True after `close()` or `abort()`, and when the connection is lost. Python: BaseTransport.is_closing(). */
  isClosing(): boolean;
  /**
   * What is known about the transport, also after the connection is lost: 'socket', 'sockname', 'peername' (null when unknown)
   * for sockets. Python: BaseTransport.get_extra_info().
   */
  getExtraInfo(name: 'socket'): TransportSocket;
  getExtraInfo(name: 'sockname' | 'peername'): SocketAddress | string | null;
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  /** The next event goes to `protocol`. Python: BaseTransport.set_protocol(). */
  setProtocol(protocol: Protocol): void;
  /** The protocol that gets the events. Python: BaseTransport.get_protocol(). */
  getProtocol(): Protocol;
}

/** A transport that receives. Python: asyncio.ReadTransport. */
export interface ReadTransport extends BaseTransport {
  /** No data arrives until `resumeReading()`: the system holds the peer back. Python: ReadTransport.pause_reading(). */
  pauseReading(): void;
  /** Undoes `pauseReading()`; without one it does nothing. Python: ReadTransport.resume_reading(). */
  resumeReading(): void;
  /** False when paused, when the peer has ended its side, and when closing. Python: ReadTransport.is_reading(). */
  isReading(): boolean;
}

/** A transport that sends. Python: asyncio.WriteTransport. */
export interface WriteTransport extends BaseTransport {
  /**
   * Sends `data`, or what the system does not take of it later; never waits. The memory is the caller's again on return. After
   * `close()` or a lost connection it is dropped. Python: WriteTransport.write().
   * @throws {TypeError} when `data` is no Uint8Array
   * @throws {TransportStateError} ERR_WRITE_AFTER_EOF
   */
  write(data: Uint8Array): void;
  /** Sends them in one go. Python: WriteTransport.writelines(). Throws as `write()` does, before anything is sent. */
  writelines(list: Iterable<Uint8Array>): void;
  /** Ends our side of the stream when all is sent; reading goes on. Python: WriteTransport.write_eof(). */
  writeEof(): void;
  /** Whether `writeEof()` is possible. Python: WriteTransport.can_write_eof(). */
  canWriteEof(): boolean;
  /** Drops what is buffered and calls connectionLost(null) in the next iteration. Python: WriteTransport.abort(). */
  abort(): void;
  /** @throws {RangeError} unless high >= low >= 0. Python: WriteTransport.set_write_buffer_limits(). */
  setWriteBufferLimits(limits?: WriteBufferLimits): void;
  /** [low, high], in bytes. Python: WriteTransport.get_write_buffer_limits(). */
  getWriteBufferLimits(): readonly [low: number, high: number];
  /** Bytes not sent yet. Python: WriteTransport.get_write_buffer_size(). */
  getWriteBufferSize(): number;
}

/** A transport of a stream, both ways. Python: asyncio.Transport. */
export interface Transport extends ReadTransport, WriteTransport {}

/** A transport of datagrams. Python: asyncio.DatagramTransport. */
export interface DatagramTransport extends BaseTransport {
  /**
   * Sends one datagram, or later if the system does not take it now; never waits. Python: DatagramTransport.sendto().
   * @param address null: the address that the socket is connected to
   * @throws {TypeError} when `data` is no Uint8Array
   */
  sendto(data: Uint8Array, address?: SocketAddress | string | null): void;
  /** Drops what is buffered and calls connectionLost(null) in the next iteration. Python: DatagramTransport.abort(). */
  abort(): void;
}
