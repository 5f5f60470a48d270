import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { SOCK_STREAM } from '../libc/linux-abi.js';
import { Socket } from './socket.js';

/** @throws {TypeError} unless `sock` is an open stream socket */
export function checkStreamSocket(sock: unknown): asserts sock is Socket {
  if (!(sock instanceof Socket)) throw typeError(`A Socket was expected, got ${inspect(sock, { depth: 0 })}`);
  if (sock.type === SOCK_STREAM && sock.fileno() !== -1) return;
  throw typeError(`A Stream Socket was expected, got ${inspect(sock)}`, 'ERR_INVALID_ARG_VALUE');
}
