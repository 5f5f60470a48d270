import { EAGAIN, EINVAL, ENOSYS, EOPNOTSUPP, EOVERFLOW, ESPIPE, sendfile } from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';
import type { FilePart } from './file-part.js';

/** Bytes of one call. A file that is not in memory is read from the disk in it, so it must not be long: 1 MiB took 5 to 12 ms. */
const CALL_BYTES = 1_048_576;
/** Calls in one iteration, for a peer that takes as fast as we give: others get their turn after that. Arbitrary. */
const CALLS_AT_ONCE = 8;
/** What sendfile(2) says of a file or a socket that it is not for. */
const CANNOT: ReadonlySet<number> = new Set([EINVAL, ENOSYS, EOPNOTSUPP, EOVERFLOW, ESPIPE]);

/**
 * Sends a part of a file by sendfile(2), which copies nothing through this process. False: the system cannot, and nothing was sent.
 * @param sock asked for its number in each turn: it is -1 once it is closed
 * @param writable resolves when the socket can be written
 * @throws {SystemError} such as EPIPE, ECONNRESET
 */
export async function trySendNatively(
  sock: { fileno(): number },
  part: FilePart,
  writable: () => Promise<void>,
): Promise<boolean> {
  while (true) {
    const state = sendSome(sock.fileno(), part);
    if (state !== 'more') return state === 'done';
    await writable();
  }
}

function sendSome(fd: number, part: FilePart): 'done' | 'more' | 'cannot' {
  for (let calls = CALLS_AT_ONCE; calls > 0; calls--) {
    if (part.left === 0) return 'done';
    const sent = sendfile(fd, part.fd, part.at, Math.min(part.left, CALL_BYTES));
    if (sent === 0) return 'done'; // the end of the file, which may have been cut meanwhile
    if (sent === -EAGAIN) return 'more';
    if (sent < 0 && part.sent === 0 && CANNOT.has(-sent)) return 'cannot';
    if (sent < 0) throw systemError('sendfile', -sent);
    part.sent += sent;
  }
  return part.left === 0 ? 'done' : 'more';
}
