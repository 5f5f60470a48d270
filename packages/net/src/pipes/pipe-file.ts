import { fstatSync, type Stats } from 'node:fs';
import { MSG_DONTWAIT, O_RDONLY, O_WRONLY } from '../libc/linux-abi.js';
import * as sys from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import type { GivenPipe } from './pipe-like.js';

/** What a descriptor refers to. `file` stands for regular files, directories and whatever else is no pipe. */
export type PipeKind = 'pipe' | 'socket' | 'device' | 'file';

/** What the transports of pipes work with. The calls never wait: they return `-errno`, -EAGAIN for instance. */
export interface PipeEnd {
  readonly kind: PipeKind;
  /** The number under which the selector of the loop knows it. */
  fileno(): number;
  /** Returns the number of bytes, 0 at the end, or `-errno`. */
  tryRead(buffer: Uint8Array): number;
  /** Returns how many bytes were taken, or `-errno`. The next call must begin with the first byte that was not. */
  tryWrite(data: Uint8Array): number;
  /** The errno with which Node has given the pipe up; 0 if it has not. */
  readonly failure: number;
  close(): void;
}

/** The multiplexer of pseudo-terminals: to open it again would make another terminal. */
const PTMX = (5 << 8) | 2;

/** @throws {SystemError} EBADF */
export function kindOf(fd: number): PipeKind {
  return kindBy(fstatSync(fd));
}

function kindBy(stats: Stats): PipeKind {
  if (stats.isFIFO()) return 'pipe';
  if (stats.isSocket()) return 'socket';
  return stats.isCharacterDevice() ? 'device' : 'file';
}

/**
 * An end of a pipe, with a descriptor that is closed with it, and when the thread ends.
 *
 * A call does not wait if O_NONBLOCK is set, but that is kept in the open file, which other processes may have as well: a shell
 * has the same standard input. So pipes and terminals are opened again, which gives an open file of our own. Sockets cannot be;
 * for them each call says that it does not wait.
 */
export class PipeFile implements PipeEnd {
  readonly kind: PipeKind;
  readonly failure = 0;
  #fd: number;
  readonly #given: GivenPipe | null;

  /**
   * @param fd non-blocking, unless it is a socket, and owned by this thread
   * @param given is closed as well
   */
  constructor(fd: number, kind: PipeKind, given: GivenPipe | null = null) {
    this.#fd = fd;
    this.kind = kind;
    this.#given = given;
  }

  /** @throws {SystemError} when the system refuses; nothing has changed then */
  static open(given: GivenPipe, direction: 'read' | 'write'): PipeFile {
    const stats = fstatSync(given.fd);
    const kind = kindBy(stats);
    return new PipeFile(
      openAgain(given.fd, kind === 'socket' || stats.rdev === PTMX, direction, kind),
      kind,
      given,
    );
  }

  fileno(): number {
    return this.#fd;
  }

  tryRead(buffer: Uint8Array): number {
    return this.kind === 'socket' ? sys.recv(this.#fd, buffer, MSG_DONTWAIT) : sys.read(this.#fd, buffer);
  }

  tryWrite(data: Uint8Array): number {
    return this.kind === 'socket' ? sys.send(this.#fd, data, MSG_DONTWAIT) : sys.write(this.#fd, data);
  }

  close(): void {
    if (this.#fd === -1) return;
    const fd = this.#fd;
    this.#fd = -1;
    sys.close(fd);
    this.#given?.close(); // else the other side would not see the end
  }
}

function openAgain(fd: number, isShared: boolean, direction: 'read' | 'write', kind: PipeKind): number {
  if (!isShared) {
    const opened = sys.reopen(fd, direction === 'read' ? O_RDONLY : O_WRONLY);
    if (opened >= 0) return opened;
    if (opened !== -sys.EACCES && opened !== -sys.ENOENT) throw systemError('open', -opened);
  }
  // The multiplexer, and what we may not open: a terminal of somebody else, or there is no /proc.
  const copy = sys.dup(fd);
  if (copy < 0) throw systemError('fcntl', -copy);
  const result = kind === 'socket' ? 0 : sys.adopt(copy);
  if (result >= 0) return copy;
  sys.close(copy);
  throw systemError('fcntl', -result);
}
