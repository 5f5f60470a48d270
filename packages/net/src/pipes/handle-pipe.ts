import { closeSync, constants, openSync } from 'node:fs';
import net from 'node:net';
import tty from 'node:tty';
import { NoEpollError } from '../errors.js';
import { AF_UNIX } from '../libc/linux-abi.js';
import { EAGAIN } from '../libc/syscalls.js';
import type { HandleSelector } from '../node-handles/handle-selector.js';
import { HandleStream } from '../node-handles/handle-stream.js';
import { kindOf, type PipeEnd, type PipeKind } from './pipe-file.js';
import type { GivenPipe } from './pipe-like.js';

const NOTHING = new Uint8Array(0);

/**
 * An end of a pipe on Node's own handle. That the reader is gone is noticed only by writing: libuv does not watch for it.
 */
export class HandlePipe implements PipeEnd {
  readonly kind: PipeKind;
  readonly #stream: HandleStream;
  readonly #given: GivenPipe;

  /** @throws {NoEpollError} ERR_NO_EPOLL when Node has no handle for it */
  constructor(selector: HandleSelector, given: GivenPipe, direction: 'read' | 'write') {
    const kind = kindOf(given.fd);
    this.kind = kind;
    this.#given = given;
    const socket = socketOf(given.fd, kind, direction);
    this.#stream = new HandleStream(selector, AF_UNIX, socket, { sockname: '', peername: '' });
  }

  fileno(): number {
    return this.#stream.fileno();
  }

  get failure(): number {
    const result = this.#stream.trySend(NOTHING);
    return result < 0 && result !== -EAGAIN ? -result : 0;
  }

  tryRead(buffer: Uint8Array): number {
    return this.#stream.tryRecvInto(buffer);
  }

  tryWrite(data: Uint8Array): number {
    return this.#stream.trySend(data);
  }

  close(): void {
    if (this.fileno() === -1) return;
    this.#stream.close();
    this.#given.close();
  }
}

/** Node makes a descriptor non-blocking. Where it can be opened again, other processes with the same open file do not notice. */
function socketOf(given: number, kind: PipeKind, direction: 'read' | 'write'): net.Socket {
  const isTerminal = kind === 'device' && tty.isatty(given);
  if (kind === 'file' || (kind === 'device' && !isTerminal)) {
    throw new NoEpollError(
      "Cannot use this device as a pipe: Node's own handles can only be terminals, pipes and sockets",
    );
  }
  const fd = openAgain(given, direction);
  try {
    if (isTerminal) return direction === 'read' ? new tty.ReadStream(fd) : new tty.WriteStream(fd);
    return new net.Socket({ fd, readable: direction === 'read', writable: direction === 'write' });
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

function openAgain(fd: number, direction: 'read' | 'write'): number {
  const { O_RDONLY, O_WRONLY, O_NOCTTY, O_NONBLOCK } = constants;
  return openSync(
    `/proc/self/fd/${fd}`,
    (direction === 'read' ? O_RDONLY : O_WRONLY) | O_NOCTTY | O_NONBLOCK,
  );
}
