import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { SOCK_STREAM } from '../libc/linux-abi.js';
import { moved, Socket } from './socket.js';

/** @throws {TypeError} unless `sock` is an open stream socket */
export function checkStreamSocket(sock: unknown): asserts sock is Socket {
  if (!(sock instanceof Socket)) throw typeError(`A Socket was expected, got ${inspect(sock, { depth: 0 })}`);
  if (sock.type === SOCK_STREAM && sock.fileno() !== -1) return;
  throw typeError(`A Stream Socket was expected, got ${inspect(sock)}`, 'ERR_INVALID_ARG_VALUE');
}

/**
 * Moves the descriptor into a new socket and detaches `sock`, so that the descriptor has only one owner. Otherwise a
 * later `close()` of the caller's object could close a number that belongs to another file by then.
 */
export function takeOver(sock: Socket): Socket {
  return moved(sock);
}
