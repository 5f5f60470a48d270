/** The positive number of an error of Node's handles, as in <errno.h>; on Windows libuv's own numbers. */
export function errnoOf(error: NodeJS.ErrnoException): number {
  return Math.abs(error.errno ?? UNKNOWN);
}

/** UV_UNKNOWN: an error of Node without a number of the system. */
const UNKNOWN = 4094;
