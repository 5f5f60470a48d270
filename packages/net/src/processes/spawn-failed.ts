import { statSync } from 'node:fs';
import { systemError, type SystemError } from '../libc/system-error.js';
import type { SystemText } from './c-strings.js';

/** Why a process could not be started, in the shape of Node's own error. Python: OSError. */
export interface SpawnError extends SystemError {
  /** The program, or the directory in which it was to run if that is the reason. */
  readonly path: string;
  /** The arguments, without the program. */
  readonly spawnargs: readonly string[];
}

export interface Attempted {
  readonly program: SystemText;
  readonly args: readonly SystemText[];
  readonly cwd: string | null;
}

/** `errno` is positive. The message is Node's: `spawn missing ENOENT`. */
export function spawnFailed(errno: number, { program, args, cwd }: Attempted): SpawnError {
  const spawnargs = args.map(shown);
  // The system does not say what is missing.
  if (cwd !== null && !isDirectory(cwd)) {
    const error = systemError('chdir', errno);
    error.message += ` ${cwd}`;
    return Object.assign(error, { path: cwd, spawnargs });
  }
  const path = shown(program);
  return Object.assign(systemError(`spawn ${path}`, errno), { path, spawnargs });
}

function shown(text: SystemText): string {
  return typeof text === 'string' ? text : Buffer.from(text).toString();
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
