import type { BaseProtocol } from '../transports/protocol.js';
import type { SubprocessTransport } from './subprocess-transport.js';

/**
 * Methods that the transport of a process calls: connectionMade first; then pipeDataReceived any number of times and pipeConnectionLost
 * once for each pipe; processExited once, before, between or after these; and connectionLost(null) last, when the process has ended and
 * all of its pipes are lost. pauseWriting and resumeWriting concern its stdin. Python: asyncio.SubprocessProtocol.
 */
export interface SubprocessProtocol extends BaseProtocol {
  /** The first call: the process was started, and its pipes are there. Python: BaseProtocol.connection_made(). */
  connectionMade?(transport: SubprocessTransport): void;
  /**
   * The process has written. The protocol may keep and change `data`. Python: SubprocessProtocol.pipe_data_received().
   * @param fd 1 for its stdout, 2 for its stderr
   */
  pipeDataReceived?(fd: number, data: Buffer): void;
  /**
   * A pipe is closed, by either side: `exc` says if something went wrong, such as EPIPE when the process did not read all that was
   * written. Python: SubprocessProtocol.pipe_connection_lost().
   * @param fd 0 for its stdin, 1 for its stdout, 2 for its stderr
   */
  pipeConnectionLost?(fd: number, exc: Error | null): void;
  /** The process has ended: `transport.getReturncode()` says how. Python: SubprocessProtocol.process_exited(). */
  processExited?(): void;
}

/** Makes the protocol of one process. */
export type SubprocessProtocolFactory<P extends SubprocessProtocol = SubprocessProtocol> = () => P;
