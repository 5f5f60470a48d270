import { statSync, unlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { isError, typeError } from '@ringloop/core/internal';
import { AF_UNIX, SOCK_STREAM } from '../libc/linux-abi.js';
import { Socket } from './socket.js';

/**
 * The path of a Unix socket: a string, a `file:` URL, or its bytes in UTF-8. A path that starts with a null byte is a name in the
 * abstract namespace, which no file has.
 */
export type UnixPath = string | URL | Uint8Array;

/**
 * The path as a string.
 * @throws {TypeError} when it has another type, or is a URL that names no file
 */
export function unixPath(path: unknown): string {
  if (typeof path === 'string') return path;
  if (path instanceof URL) return fileURLToPath(path);
  if (path instanceof Uint8Array) return Buffer.from(path).toString();
  throw typeError(`path must be a string, a URL or a Uint8Array, got ${inspect(path, { depth: 0 })}`);
}

/** @throws {TypeError} unless `sock` is an open stream socket of AF_UNIX */
export function checkUnixStreamSocket(sock: unknown): asserts sock is Socket {
  if (!(sock instanceof Socket)) throw typeError(`A Socket was expected, got ${inspect(sock, { depth: 0 })}`);
  if (sock.family === AF_UNIX && sock.type === SOCK_STREAM && sock.fileno() !== -1) return;
  throw typeError(`A UNIX Domain Stream Socket was expected, got ${inspect(sock)}`, 'ERR_INVALID_ARG_VALUE');
}

/** Removes the file of a socket: a server that was killed leaves one. Any other file is left alone. */
export function removeStaleSocket(path: string): void {
  if (isAbstract(path)) return;
  try {
    if (statSync(path).isSocket()) unlinkSync(path);
  } catch (thrown) {
    // bind() says what is wrong with a path that cannot be read. CPython logs this and goes on.
    if (codeOf(thrown) !== 'ENOENT')
      process.emitWarning(`Unable to check or remove stale UNIX socket '${path}': ${String(thrown)}`);
  }
}

/** Whether it is a name in the abstract namespace. */
export function isAbstract(path: string): boolean {
  return path.startsWith('\0');
}

/** The code of a system's error. */
export function codeOf(thrown: unknown): unknown {
  return isError(thrown) && 'code' in thrown ? thrown.code : undefined;
}
