import { resolve } from 'node:path';
import { EACCES, ENOENT, ENOTDIR } from '../libc/syscalls.js';
import { cString, type SystemText } from './c-strings.js';

/** Where programs are looked for without PATH. CPython: os.defpath. */
const DEFAULT_PATH = '/bin:/usr/bin';

/**
 * The files that may be the program, each with a zero byte at its end: itself if it has a slash, else one for each directory of the
 * child's PATH. Relative to the directory of the child.
 */
function candidates(program: SystemText, path: string | undefined): Buffer[] {
  const name = Buffer.from(program);
  if (name.includes('/') || name.byteLength === 0) return [cString(name)];
  return (path ?? DEFAULT_PATH)
    .split(':')
    .map((directory) => cString(Buffer.concat([Buffer.from(directory === '' ? '' : `${directory}/`), name])));
}

export interface Search {
  readonly program: SystemText;
  /** The child's PATH. */
  readonly path: string | undefined;
  /** The child's directory; null for our own. */
  readonly cwd: string | null;
}

/**
 * Tries the files one after the other, as execvp(3) does: one that is not there, or that may not be executed, is passed over. Returns
 * what `attempt` gives for the first that works, or the negated errno: -EACCES if there was such a file.
 * @param attempt gets the file as the child sees it and as we do, and returns a negated errno if it does not work
 */
export function tryPrograms(
  { program, path, cwd }: Search,
  attempt: (file: Buffer, seenFromHere: Buffer) => number,
): number {
  let missing = -ENOENT;
  let refused = 0;
  for (const file of candidates(program, path)) {
    const result = attempt(file, absolute(file, cwd));
    if (result === -ENOENT || result === -ENOTDIR) missing = result;
    else if (result === -EACCES) refused = result;
    else return result;
  }
  return refused === 0 ? missing : refused;
}

function absolute(file: Buffer, cwd: string | null): Buffer {
  if (cwd === null || file[0] === SLASH) return file;
  return cString(Buffer.concat([Buffer.from(`${resolve(cwd)}/`), file.subarray(0, -1)]));
}

const SLASH = 0x2f;
