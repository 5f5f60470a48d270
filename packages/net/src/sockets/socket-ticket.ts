/**
 * How a socket gets from one thread to another, without a moment in which nobody owns it, or two think that they do.
 *
 * The thread that has it sends a ticket, and keeps its socket open. The other one makes a descriptor of its own from the ticket, and
 * says so; only then does the first one close its own. Whichever of the two dies at whatever moment, its descriptor is closed with it,
 * as all that it has open (syscalls.ts), and never that of the other.
 *
 * A ticket may come too late: its socket is closed, and its number may belong to any other file by then. The kernel never gives the
 * cookie of a socket to another one. So the other thread asks for it before it duplicates, because to close a duplicate of a file would
 * end the locks that this process has on it; and again afterwards, because what it has duplicated cannot change any more.
 */
import { constants } from 'node:os';
import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { INT_MAX } from './check-int.js';
import { SO_COOKIE, SOL_SOCKET } from '../libc/linux-abi.js';
import * as sys from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';

/**
 * Names an open socket of this process. It is a plain object, so it can be an argument of a call into another thread or be posted; it
 * keeps nothing open. See `Socket.ticket()`.
 */
export interface SocketTicket {
  /** The number of the descriptor. */
  readonly fileno: number;
  /** The kernel's number of the socket (SO_COOKIE), which no other one ever has. */
  readonly cookie: bigint;
}

/** The kernel's number of a socket. Negative: -errno, -ENOTSOCK for another file. */
function cookieOf(fd: number): bigint | number {
  const cookie = Buffer.alloc(8);
  const result = sys.getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, Buffer.from(new Int32Array([8]).buffer));
  return result < 0 ? result : (new BigUint64Array(Uint8Array.from(cookie).buffer)[0] ?? 0n); // always there: eight bytes
}

/** @throws {SystemError} EBADF when the number is no open socket */
export function ticketOf(fileno: number): SocketTicket {
  const cookie = cookieOf(fileno);
  if (typeof cookie === 'number') throw systemError('getsockopt', -cookie);
  return { fileno, cookie };
}

/**
 * A new descriptor of the socket that the ticket names.
 * @throws {SystemError} EBADF when that socket has been closed, whatever has its number now; EMFILE
 * @throws {TypeError} when it is no ticket
 */
export function duplicateOf(ticket: SocketTicket): number {
  checkTicket(ticket);
  checkCookie(ticket.fileno, ticket);
  const fd = sys.dup(ticket.fileno);
  if (fd < 0) throw systemError('dup', -fd);
  try {
    checkCookie(fd, ticket);
    return fd;
  } catch (thrown) {
    sys.close(fd);
    throw thrown;
  }
}

function checkCookie(fileno: number, ticket: SocketTicket): void {
  const cookie = cookieOf(fileno);
  if (cookie === ticket.cookie) return;
  const isOther = typeof cookie === 'bigint' || cookie === -sys.EBADF || cookie === -constants.errno.ENOTSOCK;
  if (isOther) throw systemError('dup', sys.EBADF);
  throw systemError('getsockopt', -cookie);
}

function checkTicket(ticket: unknown): void {
  const { fileno, cookie } = (ticket ?? {}) as { fileno?: unknown; cookie?: unknown }; // JavaScript may pass anything
  const isNumber = Number.isInteger(fileno) && Number(fileno) >= 0 && Number(fileno) <= INT_MAX;
  if (!isNumber || typeof cookie !== 'bigint')
    throw typeError(`A socket's ticket was expected, got ${inspect(ticket, { depth: 0 })}`);
}
