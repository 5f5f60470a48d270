import { rangeError } from '@ringloop/core/internal';
import { type Libc, libc } from '../libc/libc.js';
import { checkPort } from './sockaddr.js';

/** A port number, a string of its digits, or the name of a TCP service. Null and '' stand for 0. */
export type Port = number | string | null;

/** Offset of `s_port` in `struct servent` in bytes: it follows two pointers. */
const PORT_OFFSET = process.arch === 'ia32' || process.arch === 'arm' ? 8 : 16;

/**
 * Returns the port number. Service names are looked up as in /etc/services.
 * @throws {RangeError} ERR_SOCKET_BAD_PORT when the number is out of range or the name is unknown
 */
export function portNumber(port: Port | undefined): number {
  const number = typeof port === 'string' && port !== '' ? textPort(port) : port === '' ? 0 : (port ?? 0);
  checkPort(number);
  return number;
}

function textPort(text: string): unknown {
  return /^\d+$/.test(text) ? Number(text) : servicePort(text);
}

/** @throws {RangeError} ERR_SOCKET_BAD_PORT where there is no C library to ask */
function libcOr(name: string): Libc {
  try {
    return libc();
  } catch (cause) {
    const message = `Cannot look the service ${JSON.stringify(name)} up without the C library: give the number of its port`;
    throw Object.assign(rangeError(message, 'ERR_SOCKET_BAD_PORT'), { cause });
  }
}

function servicePort(name: string): number {
  const entry = Buffer.alloc(32);
  const found = Buffer.alloc(8);
  const failed = libcOr(name).getservbyname_r(name, 'tcp', entry, Buffer.alloc(1024), 1024, found) !== 0;
  if (failed || found.every((byte) => byte === 0)) {
    throw rangeError(`Cannot find the port of service ${JSON.stringify(name)}`, 'ERR_SOCKET_BAD_PORT');
  }
  return entry.readUInt16BE(PORT_OFFSET); // an int in network byte order: the first two bytes hold it
}
