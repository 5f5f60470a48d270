import { closeSync, constants, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import type koffi from 'koffi';

const library = (createRequire(import.meta.url)('koffi') as typeof koffi).load(null);
const pipe2 = library.func('int pipe2(void *fds, int flags)') as (fds: Uint8Array, flags: number) => number;
const fcntl = library.func('int fcntl(int fd, int command, intptr_t argument)') as (
  fd: number,
  command: number,
  argument: number,
) => number;
const nativeDup = library.func('int dup(int fd)') as (fd: number) => number;
const unlockpt = library.func('int unlockpt(int fd)') as (fd: number) => number;
const ptsname = library.func('const char *ptsname(int fd)') as (fd: number) => string;

const F_GETFL = 3;
const F_SETFL = 4;
const O_CLOEXEC = 0o2000000;

/** Both ends of a pipe. Python: os.pipe(). */
export function osPipe({ nonBlocking = false } = {}): { readonly read: number; readonly write: number } {
  const fds = new Int32Array(2);
  const flags = O_CLOEXEC | (nonBlocking ? constants.O_NONBLOCK : 0);
  if (pipe2(new Uint8Array(fds.buffer), flags) !== 0) throw new Error('pipe2() has failed');
  const [read = -1, write = -1] = fds;
  return { read, write };
}

/** Both sides of a terminal. Python: os.openpty(). */
export function openPty(): { readonly master: number; readonly slave: number } {
  const flags = constants.O_RDWR | constants.O_NOCTTY;
  const master = openSync('/dev/ptmx', flags);
  unlockpt(master);
  return { master, slave: openSync(ptsname(master), flags) };
}

/** Whether this machine has terminals. */
export function hasPty(): boolean {
  try {
    closeSync(openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}

/** Whether the open file of the descriptor is non-blocking, for everybody who shares it. */
export function isNonBlocking(fd: number): boolean {
  return (fcntl(fd, F_GETFL, 0) & constants.O_NONBLOCK) !== 0;
}

/** Makes the open file of the descriptor blocking. */
export function setBlocking(fd: number): void {
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) & ~constants.O_NONBLOCK);
}

/** A second descriptor of the same open file. */
export function dup(fd: number): number {
  return nativeDup(fd);
}

/** Reads what a non-blocking descriptor has. */
export function readAll(fd: number): Buffer {
  const chunks: Buffer[] = [];
  const room = Buffer.alloc(65_536);
  while (true) {
    let count: number;
    try {
      count = readSync(fd, room);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'EAGAIN') break;
      throw thrown;
    }
    if (count === 0) break;
    chunks.push(Buffer.from(room.subarray(0, count)));
  }
  return Buffer.concat(chunks);
}
