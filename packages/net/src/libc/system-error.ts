import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { isIPv6 } from 'node:net';
import { isError } from '@ringloop/core/internal';

/** An IP address with its port, or the path of a Unix socket. */
type FailedAddress = string | { readonly host: string; readonly port: number };

/** A failed system call, in the shape of Node's own errors. Python: OSError. */
export interface SystemError extends Error {
  /** The symbolic name, `'ECONNREFUSED'`. */
  readonly code: string;
  /** The errno, negated as everywhere in Node. */
  readonly errno: number;
  readonly syscall: string;
  /** The address of the call: an IP address, or the path of a Unix socket. */
  readonly address?: string;
  readonly port?: number;
}

/** `errno` is the positive number of <errno.h>. The message is Node's: `connect ECONNREFUSED 127.0.0.1:80`. */
export function systemError(syscall: string, errno: number, address?: FailedAddress): SystemError {
  const code = errorName(errno);
  const place = address === undefined ? '' : ` ${describeAddress(address)}`;
  const error = new Error(`${syscall} ${code}${place}`);
  return Object.assign(error, { errno: -errno, code, syscall, ...addressFields(address) });
}

/** The same error under another message. */
export function rephrased(error: SystemError, message: string): SystemError {
  return Object.assign(new Error(message, { cause: error }), error);
}

/** Whether `thrown` came from the system and not from user code. A name that was not found counts as well. */
export function isSystemError(thrown: unknown): thrown is SystemError {
  return isError(thrown) && 'syscall' in thrown && 'code' in thrown;
}

function errorName(errno: number): string {
  const name = getSystemErrorName(-errno);
  if (!name.startsWith('Unknown system error')) return name;
  // libuv names only some of them.
  return Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? `E${errno}`;
}

function describeAddress(address: FailedAddress): string {
  if (typeof address === 'string') return address;
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function addressFields(address: FailedAddress | undefined): { address?: string; port?: number } {
  if (address === undefined) return {};
  return typeof address === 'string' ? { address } : { address: address.host, port: address.port };
}
