import { closeSync } from 'node:fs';
import { Stream } from 'node:stream';
import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';
import { INT_MAX } from '../sockets/check-int.js';

/**
 * A pipe as Node and others give it: the number of a descriptor, a FileHandle of `node:fs/promises`, a stream of Node such as
 * `process.stdin`, a Socket, or anything else with `fileno()`.
 */
export type PipeLike = number | WithFd | WithFileno | NodeJS.ReadableStream | NodeJS.WritableStream;

/** A FileHandle, or a stream of Node with a descriptor. */
export interface WithFd {
  readonly fd: number | undefined;
  /** Closes it, where there is no `destroy()`. */
  close?(): unknown;
  /** Closes it at once. */
  destroy?(): unknown;
}

/** Anything that tells its descriptor. */
export interface WithFileno {
  /** Returns the descriptor's number. */
  fileno(): number;
  /** Closes it. */
  close?(): unknown;
}

/** What a transport does with its pipe. */
export type PipeDirection = 'read' | 'write';

/** A pipe that was found to have a descriptor. */
export interface GivenPipe {
  readonly fd: number;
  /** Closes what was given, and returns what that returns: perhaps a promise. */
  close(): unknown;
}

/** Descriptors that other code of the process, and Node itself, goes on using: they are never closed. */
const STANDARD = 2;

/**
 * @param closeNumber by default Node, which closes what a worker has opened when that ends, and so must know that it is closed
 * @throws {TypeError} when `pipe` has no descriptor
 * @throws {RangeError} when the number of the descriptor is no C int, or negative, as that of a closed file
 */
export function givenPipe(pipe: unknown, closeNumber: (fd: number) => unknown = closeSync): GivenPipe {
  const fd = descriptorOf(pipe);
  if (!Number.isInteger(fd) || fd < 0 || fd > INT_MAX)
    throw rangeError(`Invalid file descriptor: ${inspect(fd)}`);
  return {
    fd,
    close: () => {
      const end = typeof pipe === 'object' && pipe !== null ? closerOf(pipe) : null;
      if (end !== null) return end();
      return fd > STANDARD ? closeNumber(fd) : undefined;
    },
  };
}

/**
 * What a stream has read already, and what it has not written yet, would be lost.
 * @throws {TypeError} ERR_INVALID_ARG_VALUE when `pipe` is a stream in use
 */
export function checkIdle(pipe: unknown, direction: PipeDirection): void {
  if (!(pipe instanceof Stream)) return;
  const {
    readableLength = 0,
    readableFlowing = null,
    writableLength = 0,
  } = pipe as { readableLength?: number; readableFlowing?: boolean | null; writableLength?: number };
  const isRead = direction === 'read' && (readableLength > 0 || readableFlowing === true);
  if (!isRead && writableLength === 0) return;
  const what = isRead ? 'is being read' : 'has not written everything yet';
  throw typeError(`The stream ${what}: ${inspect(pipe, { depth: 0 })}`, 'ERR_INVALID_ARG_VALUE');
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

/** Streams are destroyed, because their close() waits; those of the process ignore it. Null: it cannot be closed, only its descriptor. */
function closerOf(pipe: object): (() => unknown) | null {
  const { destroy, close } = pipe as { destroy?: unknown; close?: unknown };
  const end = typeof destroy === 'function' ? destroy : close;
  return typeof end === 'function' ? () => Reflect.apply(end, pipe, []) as unknown : null;
}
