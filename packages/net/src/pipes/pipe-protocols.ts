import type { BaseProtocol, BufferedProtocol, Protocol } from '../transports/protocol.js';
import type { ReadTransport, WriteTransport } from '../transports/transport.js';

/** What `connectReadPipe()` takes: the methods of a Protocol or of a BufferedProtocol, whose transport only reads. */
export type ReadPipeProtocol = (
  Omit<Protocol, 'connectionMade'> | Omit<BufferedProtocol, 'connectionMade'>
) & {
  /** The first call, in the iteration after the transport was made. Python: BaseProtocol.connection_made(). */
  connectionMade?(transport: ReadTransport): void;
};

/** What `connectWritePipe()` takes. Its `pauseWriting()` and `resumeWriting()` are called. Python: asyncio.BaseProtocol. */
export interface WritePipeProtocol extends BaseProtocol {
  /** The first call, in the iteration after the transport was made. Python: BaseProtocol.connection_made(). */
  connectionMade?(transport: WriteTransport): void;
}
