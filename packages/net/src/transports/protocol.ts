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

/** Makes the protocol of one connection. */
export type ProtocolFactory<P extends Protocol = Protocol> = () => P;
