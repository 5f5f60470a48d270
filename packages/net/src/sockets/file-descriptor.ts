import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';
import { INT_MAX } from './check-int.js';

/** A descriptor's number, or an object that returns one. */
export type FileDescriptorLike =
  | number
  | {
      /**
       * Returns the descriptor's number. A negative number, such as that of a closed socket, is refused with
       * RangeError.
       */
      fileno(): number;
    };

/**
 * @throws {TypeError} when `file` is neither a number nor has a fileno()
 * @throws {RangeError} when the number is negative, as that of a closed socket, not an integer, or too large for a C
 * int
 */
export function toFileno(file: FileDescriptorLike): number {
  const fd = typeof file === 'number' ? file : askFileno(file);
  if (!Number.isInteger(fd) || fd < 0 || fd > INT_MAX)
    throw rangeError(`Invalid file descriptor: ${inspect(fd)}`);
  return fd;
}

function askFileno(file: { fileno(): number }): number {
  const fileno: unknown = (file as { fileno?: unknown } | null | undefined)?.fileno; // JavaScript may pass anything
  if (typeof fileno !== 'function') throw typeError(`Invalid file object: ${inspect(file)}`);
  return file.fileno();
}
