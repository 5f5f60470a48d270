import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { givenPipe, type PipeLike } from '../pipes/pipe-like.js';

/** For stdin, stdout or stderr of a child: a pipe to it. Python: asyncio.subprocess.PIPE. */
export const PIPE = -1;
/** For stderr of a child: where its stdout goes. Python: asyncio.subprocess.STDOUT. */
export const STDOUT = -2;
/** For stdin, stdout or stderr of a child: the null device. Python: asyncio.subprocess.DEVNULL. */
export const DEVNULL = -3;

/**
 * Where stdin or stdout of a child is: PIPE, DEVNULL, a descriptor, FileHandle, stream or Socket of ours, which stays open here; null
 * for the one that this process has.
 */
export type ChildStream = PipeLike | null;

/** Where stderr of a child is: as stdin and stdout, or STDOUT. */
export type ChildErrorStream = ChildStream;

/** The same, read: a number is a descriptor of this process. */
export type StreamPlan = 'pipe' | 'null device' | 'inherited' | 'stdout' | number;

export interface StdioOptions {
  readonly stdin?: ChildStream;
  readonly stdout?: ChildStream;
  readonly stderr?: ChildErrorStream;
}

/** For the descriptors 0, 1 and 2 of the child. */
export type StdioPlan = readonly [stdin: StreamPlan, stdout: StreamPlan, stderr: StreamPlan];

/**
 * @throws {TypeError} when one of them has no descriptor; ERR_INVALID_ARG_VALUE for STDOUT in another place than stderr
 * @throws {RangeError} for another negative number, and for what is closed
 */
export function planStdio({ stdin = PIPE, stdout = PIPE, stderr = PIPE }: StdioOptions): StdioPlan {
  return [planOf(stdin, 'stdin'), planOf(stdout, 'stdout'), planOf(stderr, 'stderr')];
}

function planOf(stream: unknown, name: string): StreamPlan {
  if (stream === null) return 'inherited';
  if (stream === PIPE) return 'pipe';
  if (stream === DEVNULL) return 'null device';
  if (stream === STDOUT) {
    if (name === 'stderr') return 'stdout';
    throw typeError('STDOUT can only be used for stderr', 'ERR_INVALID_ARG_VALUE');
  }
  if (typeof stream === 'string') {
    throw typeError(`${name} must be PIPE, DEVNULL, a descriptor or null, got ${inspect(stream)}`);
  }
  return givenPipe(stream, () => undefined).fd; // it is never closed here
}
