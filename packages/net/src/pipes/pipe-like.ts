import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';
import { INT_MAX } from '../sockets/check-int.js';

/**
 * A pipe as Node and others give it: the number of a descriptor, a FileHandle of `node:fs/promises`, a stream of Node such as
 * `process.stdin`, a Socket, or anything else with `fileno()`.
 */
export type PipeLike =
  | number
  | { readonly fd: number | undefined; close?(): unknown; destroy?(): unknown }
  | { fileno(): number; close?(): unknown }
  | NodeJS.ReadableStream
  | NodeJS.WritableStream;

/** A pipe that was found to have a descriptor. */
export interface GivenPipe {
  readonly fd: number;
  /** Closes what was given. */
  close(): void;
}

/** Descriptors that other code of the process, and Node itself, goes on using: they are never closed. */
const STANDARD = 2;

/**
 * @throws {TypeError} when `pipe` has no descriptor
 * @throws {RangeError} when the number of the descriptor is no C int, or negative, as that of a closed file
 */
export function givenPipe(pipe: unknown, closeNumber: (fd: number) => void): GivenPipe {
  const fd = descriptorOf(pipe);
  if (!Number.isInteger(fd) || fd < 0 || fd > INT_MAX)
    throw rangeError(`Invalid file descriptor: ${inspect(fd)}`);
  return {
    fd,
    close: () => {
      if (typeof pipe === 'object') closeObject(pipe);
      else if (fd > STANDARD) closeNumber(fd);
    },
  };
}

function descriptorOf(pipe: unknown): number {
  if (typeof pipe === 'number') return pipe;
  if (typeof pipe === 'object' && pipe !== null) {
    const {
      fileno,
      fd,
      _handle: handle,
    } = pipe as { fileno?: unknown; fd?: unknown; _handle?: { fd?: unknown } | null };
    if (typeof fileno === 'function') return (pipe as { fileno(): number }).fileno();
    if (typeof fd === 'number') return fd;
    if (typeof handle?.fd === 'number') return handle.fd; // a net.Socket: Node tells it nowhere else
  }
  throw typeError(
    `A pipe must be a descriptor, a FileHandle, a stream or have fileno(), got ${inspect(pipe, { depth: 0 })}`,
  );
}

/** Streams are destroyed, because their close() waits; those of the process ignore it. */
function closeObject(pipe: object | null): void {
  const { destroy, close } = pipe as { destroy?: unknown; close?: unknown };
  const end = typeof destroy === 'function' ? destroy : close;
  if (typeof end !== 'function') return;
  const ended: unknown = Reflect.apply(end, pipe, []);
  if (ended instanceof Promise) ended.catch(() => undefined); // a FileHandle that was closed before
}
