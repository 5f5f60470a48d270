import { typeError } from '@ringloop/core/internal';
import { EPOLLIN, O_ACCMODE, O_RDONLY, O_WRONLY } from '../libc/linux-abi.js';
import * as sys from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import { Epoll } from '../selector/epoll.js';
import { PipeFile, type PipeKind } from './pipe-file.js';
import type { PipeDirection } from './pipe-like.js';

/** What is wrong with a descriptor that is no pipe for this direction. */
type Refuse = () => TypeError;

/**
 * Looks whether a transport can work on the descriptor, before anything is done to it.
 * @throws {TypeError} ERR_INVALID_ARG_VALUE when it is open for the other direction only; what `refuse` says when it shall be read and is
 * always ready, as /dev/null: nothing ever tells of it
 */
export function checkDescriptor(fd: number, kind: PipeKind, direction: PipeDirection, refuse: Refuse): void {
  if (accessOf(fd) === (direction === 'read' ? O_WRONLY : O_RDONLY)) {
    const way = direction === 'read' ? 'writing' : 'reading';
    const message = `Cannot ${direction}: file descriptor ${fd} is open for ${way} only`;
    throw typeError(message, 'ERR_INVALID_ARG_VALUE');
  }
  if (kind === 'device' && direction === 'read' && !canBeWatched(fd)) throw refuse();
}

/**
 * A descriptor of our own of the same pipe, whose calls do not wait.
 *
 * A call does not wait if O_NONBLOCK is set, but that is kept in the open file, which other processes may have as well: a shell
 * has the same standard input. So pipes and terminals are opened again, which gives an open file of our own. Sockets cannot be;
 * for them each call says that it does not wait.
 * @throws {SystemError} when the system refuses, such as EMFILE; nothing has changed then
 */
export function takeDescriptor(fd: number, kind: PipeKind): PipeFile {
  if (kind === 'socket') return new PipeFile(must('fcntl', sys.dup(fd)), kind);
  const access = accessOf(fd);
  return new PipeFile(nonBlocking(fd, kind, access), kind, access !== O_RDONLY && access !== O_WRONLY);
}

function nonBlocking(fd: number, kind: PipeKind, access: number): number {
  if (kind === 'device') return duplicate(fd, canBeWatched(fd)); // some, opened once more, are another one
  const opened = sys.reopen(fd, access);
  if (opened >= 0) return opened;
  if (opened === -sys.ENXIO) return duplicate(fd, false); // nobody reads: a write does not wait, but fails
  // A pipe or terminal of another user, or there is no /proc: then we do as asyncio.
  if (opened === -sys.EACCES || opened === -sys.ENOENT) return duplicate(fd, true);
  throw systemError('open', -opened);
}

/** @param alsoForOthers makes the open file non-blocking for whoever shares it */
function duplicate(fd: number, alsoForOthers: boolean): number {
  const copy = must('fcntl', sys.dup(fd));
  if (!alsoForOthers) return copy;
  const result = sys.setNonBlocking(copy);
  if (result >= 0) return copy;
  sys.close(copy);
  throw systemError('fcntl', -result);
}

function accessOf(fd: number): number {
  return must('fcntl', sys.statusFlags(fd)) & O_ACCMODE;
}

/** Asks an epoll of its own: the loop's may watch the descriptor for somebody. */
function canBeWatched(fd: number): boolean {
  const epoll = new Epoll();
  try {
    return epoll.tryAdd(fd, EPOLLIN, 0) === 0;
  } finally {
    epoll.close();
  }
}

function must(syscall: string, result: number): number {
  if (result < 0) throw systemError(syscall, -result);
  return result;
}
