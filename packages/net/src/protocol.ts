import type { StreamTransport } from './stream-transport.js';

/**
 * What a stream transport calls. Order: connectionMade, dataReceived any number of times, eofReceived at most once,
 * connectionLost exactly once. Python: asyncio.Protocol.
 */
export interface Protocol {
  connectionMade?(transport: StreamTransport): void;
  /** `data` is the protocol's to keep and to change. */
  dataReceived?(data: Buffer): void;
  /** The peer will send no more. Unless this returns true, the transport closes itself. */
  eofReceived?(): boolean | void;
  /** Null after `close()`, `abort()` or the end of the stream. */
  connectionLost?(exc: Error | null): void;
  /** The write buffer is above its high-water mark: stop writing until `resumeWriting()`. */
  pauseWriting?(): void;
  resumeWriting?(): void;
}

/** Makes the protocol of one connection. */
export type ProtocolFactory<P extends Protocol = Protocol> = () => P;
