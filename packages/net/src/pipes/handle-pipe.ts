import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import net from 'node:net';
import tty from 'node:tty';
import { inspect } from 'node:util';
import { isMainThread } from 'node:worker_threads';
import { typeError } from '@ringloop/core/internal';
import { NoEpollError } from '../errors.js';
import { AF_UNIX, O_ACCMODE } from '../libc/linux-abi.js';
import { EAGAIN } from '../libc/syscalls.js';
import type { HandleSelector } from '../node-handles/handle-selector.js';
import { HandleStream } from '../node-handles/handle-stream.js';
import { Socket } from '../sockets/socket.js';
import { checkStreamSocket } from '../sockets/stream-socket.js';
import { HandleDevice } from './handle-device.js';
import type { PipeEnd, PipeKind } from './pipe-file.js';
import type { PipeDirection } from './pipe-like.js';

const NOTHING = new Uint8Array(0);
const NAMELESS = { sockname: '', peername: '' };

/** What is known about a pipe that Node shall carry. */
export interface HandlePlan {
  readonly fd: number;
  readonly kind: PipeKind;
  readonly direction: PipeDirection;
  /** Closes what was given. */
  readonly giveUp: () => void;
}

/** An end of a pipe on Node's own handle. That the reader is gone is noticed only by writing: libuv does not watch for it. */
export class HandlePipe implements PipeEnd {
  readonly kind: PipeKind;
  readonly #stream: HandleStream;

  constructor(stream: HandleStream, kind: PipeKind) {
    this.kind = kind;
    this.#stream = stream;
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

  tryWriteAll(pieces: readonly Uint8Array[]): number {
    return this.#stream.trySendAll(pieces);
  }

  close(): void {
    this.#stream.close();
  }
}

/**
 * Finds out how Node can carry the pipe, and returns what takes it. As in loops with epoll, a pipe or a terminal is opened once more if that
 * can be; else Node takes the descriptor itself, and makes it non-blocking for whoever shares it.
 * @throws {NoEpollError} ERR_NO_EPOLL when Node has no handle for it
 * @throws {TypeError} ERR_INVALID_ARG_VALUE when it is a stream of the other direction, or a Socket of datagrams
 */
export function prepareHandle(selector: HandleSelector, pipe: unknown, plan: HandlePlan): () => PipeEnd {
  const { fd, kind, direction } = plan;
  if (pipe instanceof Socket) {
    checkStreamSocket(pipe);
    return () => new HandlePipe(HandleStream.adopted(selector, pipe), 'socket');
  }
  if (pipe instanceof net.Socket) {
    checkDirection(pipe, direction);
    return () => new HandlePipe(new HandleStream(selector, AF_UNIX, pipe, NAMELESS), kind);
  }
  const isTerminal = kind === 'terminal' || (kind === 'device' && tty.isatty(fd));
  if (typeof pipe !== 'number' && !mayOpenAgain(kind)) throw cannot(direction, pipe);
  if (kind === 'device' && !isTerminal) {
    if (direction === 'read') throw cannot(direction, pipe);
    return () => new HandleDevice(selector, fd);
  }
  return () => {
    const again = openAgain(fd, kind);
    if (again === null && typeof pipe !== 'number') throw cannot(direction, pipe);
    const taken = again ?? fd;
    const stream = isTerminal ? terminalStream(taken, direction) : pipeStream(taken, kind, direction);
    if (again !== null) plan.giveUp();
    return new HandlePipe(new HandleStream(selector, AF_UNIX, stream, NAMELESS), kind);
  };
}

/** Not in a worker: Node closes there at the end what `node:fs` has opened, also when a handle has closed the number before. */
function mayOpenAgain(kind: PipeKind): boolean {
  return isMainThread && (kind === 'pipe' || kind === 'terminal');
}

/** Null: it cannot be opened once more. */
function openAgain(fd: number, kind: PipeKind): number | null {
  if (!mayOpenAgain(kind)) return null;
  const { O_NOCTTY, O_NONBLOCK } = constants;
  try {
    const flags = /^flags:\s+(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1] ?? '';
    const access = Number.parseInt(flags, 8) & O_ACCMODE;
    return openSync(`/proc/self/fd/${fd}`, access | O_NOCTTY | O_NONBLOCK);
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException; // node:fs throws nothing else
    if (code === 'EACCES' || code === 'ENOENT' || code === 'ENXIO') return null; // another user's, no /proc, or nobody reads
    throw thrown;
  }
}

function pipeStream(fd: number, kind: PipeKind, direction: PipeDirection): net.Socket {
  // A socket is read in any case: only so Node notices that the peer has gone.
  const readable = direction === 'read' || kind === 'socket';
  return new net.Socket({ fd, readable, writable: direction === 'write', allowHalfOpen: true });
}

function terminalStream(fd: number, direction: PipeDirection): net.Socket {
  const stream = direction === 'read' ? new tty.ReadStream(fd) : new tty.WriteStream(fd);
  const { _handle: handle } = stream as { _handle?: { fd?: number } };
  if (handle?.fd !== fd && fd > 2) closeSync(fd); // libuv has opened the terminal once more, and forgets this one
  return stream;
}

function checkDirection(socket: net.Socket, direction: PipeDirection): void {
  if (direction === 'read' ? socket.readable : socket.writable) return;
  const shown = inspect(socket, { depth: 0 });
  throw typeError(`Cannot ${direction}: the stream is not for that: ${shown}`, 'ERR_INVALID_ARG_VALUE');
}

function cannot(direction: PipeDirection, pipe: unknown): NoEpollError {
  return new NoEpollError(
    `Cannot ${direction} ${inspect(pipe, { depth: 0 })}: this loop works on Node's own handles, without epoll. ` +
      'They take the number of a pipe, a socket or a terminal, a Socket, and a socket of node:net',
  );
}
