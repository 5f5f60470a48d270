import { fstatSync } from 'node:fs';
import { isatty } from 'node:tty';
import { MSG_DONTWAIT } from '../libc/linux-abi.js';
import { sendVector, writeVector } from '../libc/send-vector.js';
import * as sys from '../libc/syscalls.js';

/**
 * What a descriptor refers to. terminal: one that may be opened once more. device: any other character device, and the master of a
 * pseudo-terminal. file: regular files, directories and whatever else is no pipe.
 */
export type PipeKind = 'pipe' | 'socket' | 'terminal' | 'device' | 'file';

/** What the transports of pipes work with. The calls never wait: they return `-errno`, -EAGAIN for instance. */
export interface PipeEnd {
  readonly kind: PipeKind;
  /** Whether this end can also do what the other end does, as that of a FIFO opened for both: it never finds itself alone then. */
  readonly isBoth?: boolean;
  /** The number under which the selector of the loop knows it. */
  fileno(): number;
  /** Returns the number of bytes, 0 at the end, or `-errno`. */
  tryRead(buffer: Uint8Array): number;
  /** Returns how many bytes were taken, or `-errno`. The next call must begin with the first byte that was not. */
  tryWrite(data: Uint8Array): number;
  /** The same for several pieces, none of which is empty. Without it they are written one by one. */
  tryWriteAll?(pieces: readonly Uint8Array[]): number;
  /** The errno with which Node has given the pipe up; 0 if it has not. */
  readonly failure: number;
  close(): void;
}

/** The multiplexer of pseudo-terminals: to open it again would make another terminal. */
const PTMX = (5 << 8) | 2;

/** @throws {SystemError} EBADF */
export function kindOf(fd: number): PipeKind {
  const stats = fstatSync(fd);
  if (stats.isFIFO()) return 'pipe';
  if (stats.isSocket()) return 'socket';
  if (!stats.isCharacterDevice()) return 'file';
  return isatty(fd) && stats.rdev !== PTMX ? 'terminal' : 'device';
}

/**
 * An end of a pipe, with a descriptor that is closed with it, and when the thread ends. A socket may be blocking: each call says that it
 * does not wait.
 */
export class PipeFile implements PipeEnd {
  readonly kind: PipeKind;
  readonly isBoth: boolean;
  readonly failure = 0;
  #fd: number;

  /** @param fd non-blocking, unless it is a socket, and owned by this thread */
  constructor(fd: number, kind: PipeKind, isBoth = false) {
    this.#fd = fd;
    this.kind = kind;
    this.isBoth = isBoth;
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

  tryWriteAll(pieces: readonly Uint8Array[]): number {
    return this.kind === 'socket'
      ? sendVector(this.#fd, pieces, MSG_DONTWAIT)
      : writeVector(this.#fd, pieces);
  }

  close(): void {
    if (this.#fd === -1) return;
    const fd = this.#fd;
    this.#fd = -1;
    sys.close(fd);
  }
}
