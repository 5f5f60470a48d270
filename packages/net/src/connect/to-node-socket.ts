import type { Socket as NodeSocket } from 'node:net';
import { nodeSocketOf } from '../node-handles/node-socket-of.js';
import type { Socket } from '../sockets/socket.js';
import { checkStreamSocket } from '../sockets/stream-socket.js';
import { DetachedConnection } from '../transports/detached-connection.js';
import { checkOptions } from '../sockets/check-options.js';

/** Options of `toNodeSocket()`, which are those of Node's sockets. */
export interface NodeSocketOptions {
  /** Whether our side stays open when the peer has ended its side; false by default. */
  readonly allowHalfOpen?: boolean;
  /** Destroys the socket when it is aborted. */
  readonly signal?: AbortSignal;
}

/**
 * Makes a socket of Node of a connection, for code that wants one: `node:http`, `node:tls`, a database driver. The
 * connection belongs to Node from now on: `source` is detached or gone. Bytes that a transport had not sent are sent first.
 * It cannot come back.
 * @throws {TypeError} when `source` is something else, or not an open stream socket
 * @throws {TransportStateError} ERR_CONNECTION_GONE when a detached connection was used before
 * @throws {SystemError} when Node cannot open the socket, which is then closed
 */
export function toNodeSocket(
  source: Socket | DetachedConnection,
  options: NodeSocketOptions = {},
): NodeSocket {
  checkOptions(options);
  if (!(source instanceof DetachedConnection)) {
    checkStreamSocket(source);
    return nodeSocketOf(source, options);
  }
  const { sock, facts } = source.release();
  const socket = nodeSocketOf(sock, options);
  if (facts.unsent.byteLength > 0) socket.write(facts.unsent);
  if (facts.eofWritten) socket.end();
  return socket;
}
