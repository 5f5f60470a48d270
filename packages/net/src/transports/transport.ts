import type { AddressInput, SocketAddress } from '../sockets/sockaddr.js';
import type { TransportSocket } from '../sockets/transport-socket.js';
import type { WriteBufferLimits } from './flow-control.js';
import type { DatagramProtocol } from './datagram-protocol.js';
import type { BaseProtocol, StreamProtocol } from './protocol.js';

/** Methods of every transport. Python: asyncio.BaseTransport. */
export interface BaseTransport {
  /** Closes the transport in order: buffered bytes are sent first. Python: BaseTransport.close(). */
  close(): void;
  /** True after `close()` or `abort()`, and when the connection is lost. Python: BaseTransport.is_closing(). */
  isClosing(): boolean;
  /** What is known about the transport by that name, or `defaultValue`. Python: BaseTransport.get_extra_info(). */
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  /** Sets the protocol that gets the events from now on. Python: BaseTransport.set_protocol(). */
  setProtocol(protocol: BaseProtocol): void;
  /** The protocol that gets the events. Python: BaseTransport.get_protocol(). */
  getProtocol(): BaseProtocol;
}

/** A transport that receives. Python: asyncio.ReadTransport. */
export interface ReadTransport extends BaseTransport {
  /** No data arrives until `resumeReading()`: the system holds the peer back. Python: ReadTransport.pause_reading(). */
  pauseReading(): void;
  /** Undoes `pauseReading()`. Does nothing if reading is not paused. Python: ReadTransport.resume_reading(). */
  resumeReading(): void;
  /**
   * Whether data may come in: false when paused, when the peer has ended its side, and when closing. Python:
   * ReadTransport.is_reading().
   */
  isReading(): boolean;
}

/** A transport that sends. Python: asyncio.WriteTransport. */
export interface WriteTransport extends BaseTransport {
  /**
   * Sends `data`. What the system does not take now is sent later; this never waits. The caller may reuse the memory on
   * return. After `close()` or a lost connection, `data` is dropped. Python: WriteTransport.write().
   * @throws {TypeError} when `data` is not a Uint8Array
   * @throws {TransportStateError} ERR_WRITE_AFTER_EOF; ERR_SENDFILE_IN_PROGRESS while `loop.sendfile()` sends here
   */
  write(data: Uint8Array): void;
  /**
   * Sends the chunks in one go. Python: WriteTransport.writelines(). Throws as `write()` does, before anything is sent.
   */
  writelines(list: Iterable<Uint8Array>): void;
  /** Ends our side of the stream when everything is sent. Reading continues. Python: WriteTransport.write_eof(). */
  writeEof(): void;
  /** Whether `writeEof()` is possible. Python: WriteTransport.can_write_eof(). */
  canWriteEof(): boolean;
  /** Drops what is buffered and calls connectionLost(null) in the next iteration. Python: WriteTransport.abort(). */
  abort(): void;
  /**
   * Sets the marks of the write buffer. @throws {RangeError} unless high >= low >= 0. Python:
   * WriteTransport.set_write_buffer_limits().
   */
  setWriteBufferLimits(limits?: WriteBufferLimits): void;
  /** The marks of the write buffer, in bytes. Python: WriteTransport.get_write_buffer_limits(). */
  getWriteBufferLimits(): readonly [low: number, high: number];
  /** Number of bytes that are not sent yet. Python: WriteTransport.get_write_buffer_size(). */
  getWriteBufferSize(): number;
}

/** A transport of a stream that receives and sends. Python: asyncio.Transport. */
export interface Transport extends ReadTransport, WriteTransport {
  /** The socket of the transport. Python: BaseTransport.get_extra_info('socket'). */
  getExtraInfo(name: 'socket'): TransportSocket;
  /** Its addresses, also after the connection is lost; null when unknown. */
  getExtraInfo(name: 'sockname' | 'peername'): SocketAddress | string | null;
  /** Anything else that is known about the transport, or `defaultValue`. */
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  /** The next event goes to `protocol`. Python: BaseTransport.set_protocol(). */
  setProtocol(protocol: StreamProtocol): void;
  /** The protocol that gets the events. Python: BaseTransport.get_protocol(). */
  getProtocol(): StreamProtocol;
}

/** A transport of datagrams. Python: asyncio.DatagramTransport. */
export interface DatagramTransport extends BaseTransport {
  /** The socket of the transport. Python: BaseTransport.get_extra_info('socket'). */
  getExtraInfo(name: 'socket'): TransportSocket;
  /** Its addresses, also after the connection is lost; null when unknown. */
  getExtraInfo(name: 'sockname' | 'peername'): SocketAddress | string | null;
  /** Anything else that is known about the transport, or `defaultValue`. */
  getExtraInfo(name: string, defaultValue?: unknown): unknown;
  /** The next event goes to `protocol`. Python: BaseTransport.set_protocol(). */
  setProtocol(protocol: DatagramProtocol): void;
  /** The protocol that gets the events. Python: BaseTransport.get_protocol(). */
  getProtocol(): DatagramProtocol;
  /**
   * Sends one datagram, or later if the system does not take it now; never waits. The memory is the caller's again on return. What
   * the system refuses is told to the protocol's errorReceived. After `abort()`, and when the transport is lost, it is dropped.
   * Python: DatagramTransport.sendto().
   * @param address null: the remote address that the transport was made with; no other may be given then
   * @throws {TypeError} when `data` is not a Uint8Array, or the address is missing or does not suit the transport
   */
  sendto(data: Uint8Array, address?: AddressInput | null): void;
  /** Drops what is buffered and calls connectionLost(null) in the next iteration. Python: DatagramTransport.abort(). */
  abort(): void;
  /** @throws {RangeError} unless high >= low >= 0. */
  setWriteBufferLimits(limits?: WriteBufferLimits): void;
  /** [low, high], in bytes. */
  getWriteBufferLimits(): readonly [low: number, high: number];
  /** Bytes not sent yet, with 8 for each datagram. */
  getWriteBufferSize(): number;
}
