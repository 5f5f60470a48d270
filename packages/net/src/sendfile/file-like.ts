import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { type FileDescriptorLike, toFileno } from '../sockets/file-descriptor.js';

/** An open file: the number of its descriptor, a `FileHandle` of node:fs, or an object that returns the number. */
export type FileLike =
  | FileDescriptorLike
  | {
      /** The descriptor's number, as a `FileHandle` has it; -1, when the file is closed, is refused with RangeError. */
      readonly fd: number;
    };

/**
 * @throws {TypeError} when `file` is no open file
 * @throws {RangeError} when its number is negative, as that of a closed one, not an integer, or too large for a C int
 */
export function numberOf(file: FileLike): number {
  if (typeof file === 'number') return toFileno(file);
  const like = file as Partial<Record<'fileno' | 'fd', unknown>> | null | undefined; // JavaScript may pass anything
  if (typeof like?.fileno === 'function') return toFileno(file as { fileno(): number });
  if (typeof like?.fd === 'number') return toFileno(like.fd);
  const what = 'the number of a descriptor, a FileHandle, or have a fileno()';
  throw typeError(`file must be ${what}, got ${inspect(file, { depth: 0 })}`);
}
