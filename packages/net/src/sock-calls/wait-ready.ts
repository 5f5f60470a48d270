import { inspect } from 'node:util';
import { Handle } from '@ringloop/core';
import { typeError } from '@ringloop/core/internal';
import { EAGAIN } from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import { NET, type NetLoop } from '../loop-net.js';
import type { Direction } from '../selector/loop-selector.js';
import { Socket } from '../sockets/socket.js';

/**
 * Makes a system call of a socket, and again each time the socket is ready, until it does not return -EAGAIN. Returns its result.
 * When it is cancelled, the loop does not watch the socket any more, unless another call has begun to wait in the same direction:
 * that one replaces the watch, as with `addReader()`.
 * @throws {SystemError} of the call
 */
export async function untilReady<R>(
  loop: NetLoop,
  sock: Socket,
  direction: Direction,
  syscall: string,
  call: () => R | number,
  isResult: (result: R | number) => result is R,
): Promise<R> {
  while (true) {
    const result = call();
    if (isResult(result)) return result;
    if (result !== -EAGAIN) throw systemError(syscall, -result);
    await ready(loop, sock, direction);
  }
}

/** Resolves when the socket is ready. */
export async function ready(loop: NetLoop, sock: Socket, direction: Direction): Promise<void> {
  const fd = sock.fileno();
  const { selector } = loop[NET];
  const future = loop.createFuture<undefined>();
  const onReady = (): void => {
    selector.unwatch(fd, direction);
    if (!future.done()) future.setResult(undefined);
  };
  const handle = new Handle(onReady, [], loop);
  selector.watch(fd, direction, handle);
  try {
    await future;
  } finally {
    // Replaced, the handle was cancelled: the watch belongs to another call, or the number to another file.
    if (!handle.cancelled()) selector.unwatch(fd, direction);
  }
}

/**
 * @throws {TypeError} when `sock` is not a Socket
 * @throws {TransportStateError} ERR_FD_IN_TRANSPORT when a transport of the loop owns it
 * @throws {NoEpollError} ERR_NO_EPOLL in a loop on Node's handles
 * @throws {LoopStateError} ERR_LOOP_CLOSED
 */
export function checkSocket(loop: NetLoop, sock: unknown): asserts sock is Socket {
  loop[NET].checkOpen();
  loop[NET].checkEpoll("the loop's sock… methods");
  if (!(sock instanceof Socket)) throw typeError(`sock must be a Socket, got ${inspect(sock, { depth: 0 })}`);
  loop[NET].checkFree(sock.fileno());
}

/** Whether a call has returned a number of bytes. */
export function isCount(result: number): result is number {
  return result >= 0;
}
