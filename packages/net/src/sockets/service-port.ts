import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { checkPort } from './sockaddr.js';

/** A port number, a string of its digits, or the name of a service. Null and '' stand for 0. */
export type Port = number | string | null;

/**
 * The port as the C library's resolver takes it, which looks up the names of services; null for none.
 * @throws {RangeError} ERR_SOCKET_BAD_PORT when a number is out of range
 * @throws {TypeError} when `port` is anything else, or contains a null byte
 */
export function serviceText(port: Port | undefined): string | null {
  if (port == null) return null;
  if (typeof port !== 'string') {
    checkPort(port);
    return String(port);
  }
  if (/^\d+$/.test(port)) checkPort(Number(port));
  if (port.includes('\0'))
    throw typeError(`A port cannot contain a null byte, got ${inspect(port)}`, 'ERR_INVALID_ARG_VALUE');
  return port;
}
