import type { Transport } from './transport.js';

/** Methods that every transport calls. Python: asyncio.BaseProtocol. */
export interface BaseProtocol {
  /** The transport is closed. `exc` is null after `close()`, `abort()` or the end of a stream. */
  connectionLost?(exc: Error | null): void;
  /** The write buffer is above its high-water mark: stop writing until `resumeWriting()`. */
  pauseWriting?(): void;
  /** The write buffer is down to its low-water mark: writing may go on. Python: BaseProtocol.resume_writing(). */
  resumeWriting?(): void;
}

/**
 * Methods that a stream transport calls, in this order: connectionMade, dataReceived any number of times, eofReceived
 * at most once, connectionLost exactly once. Python: asyncio.Protocol.
 */
export interface Protocol extends BaseProtocol {
  /** The first call, in the iteration after the transport was made. Python: BaseProtocol.connection_made(). */
  connectionMade?(transport: Transport): void;
  /** Data has arrived. The protocol may keep and change `data`. */
  dataReceived?(data: Buffer): void;
  /** The peer will send no more. Unless this returns true, the transport closes itself. */
  eofReceived?(): boolean | void;
}

/**
 * A protocol that lends the transport its own memory to receive into, so that nothing is copied. A transport takes a protocol with
 * both `getBuffer` and `bufferUpdated` for one, whatever else it has. Python: asyncio.BufferedProtocol.
 */
export interface BufferedProtocol extends BaseProtocol {
  /** As in `Protocol`. */
  connectionMade?(transport: Transport): void;
  /**
   * Returns where the next data shall be received; it may be called without any data coming. The memory is the transport's until
   * `bufferUpdated()`. Python: BufferedProtocol.get_buffer().
   * @param sizeHint how many bytes would be good; -1: any number. It may be more or less, but not 0
   */
  getBuffer(sizeHint: number): Uint8Array;
  /** So many bytes were received into the start of the buffer. Python: BufferedProtocol.buffer_updated(). */
  bufferUpdated(bytes: number): void;
  /** As in `Protocol`. */
  eofReceived?(): boolean | void;
}

/** What a stream transport takes: it gets its data in buffers of the transport's, or in its own. */
export type StreamProtocol = Protocol | BufferedProtocol;

/** Makes the protocol of one connection. */
export type ProtocolFactory<P extends StreamProtocol = StreamProtocol> = () => P;

/** The protocol as one that lends its buffers; null if it does not. */
export function bufferedOrNull(protocol: StreamProtocol): BufferedProtocol | null {
  const { getBuffer, bufferUpdated } = protocol as Partial<BufferedProtocol>;
  return typeof getBuffer === 'function' && typeof bufferUpdated === 'function'
    ? (protocol as BufferedProtocol)
    : null;
}
