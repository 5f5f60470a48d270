/**
 * System calls that do not throw: they return the result or the negated errno, as the kernel does. Calls that a signal
 * interrupted are made again. All descriptors are opened non-blocking and close-on-exec.
 *
 * Descriptors that are opened here are closed when their thread ends, whatever ends it; `eventfd()` is the exception.
 * No JavaScript may run by then, so each descriptor has a hook in Node which is close(2) itself (host-functions.ts).
 * Before you give a number away, release it with `disown()`: otherwise the hook may one day close a descriptor of
 * somebody else.
 */
import { constants } from 'node:os';
import { type Libc, libc } from './libc.js';
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EPOLL_CLOEXEC,
  F_DUPFD_CLOEXEC,
  F_GETFD,
  F_GETFL,
  F_SETFD,
  F_SETFL,
  FD_CLOEXEC,
  MSG_NOSIGNAL,
  O_CLOEXEC,
  O_NOCTTY,
  O_NONBLOCK,
  SEEK_SET,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
} from './linux-abi.js';

export const {
  E2BIG,
  EACCES,
  EADDRNOTAVAIL,
  EAGAIN,
  EBADF,
  ECANCELED,
  ECHILD,
  ECONNABORTED,
  ECONNRESET,
  EEXIST,
  EINPROGRESS,
  EINTR,
  EINVAL,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOENT,
  ENOMEM,
  EPIPE,
  ESPIPE,
  ENOSYS,
  ENOTCONN,
  ENXIO,
  ENOTDIR,
  EPERM,
  ESRCH,
  EOPNOTSUPP,
  EOVERFLOW,
} = constants.errno;

const OPEN_FLAGS = SOCK_NONBLOCK | SOCK_CLOEXEC;

/** Repeats a call until no signal interrupts it. The call gets the library as an argument, which saves it a lookup. */
export function complete(call: (c: Libc) => number): number {
  const c = libc();
  while (true) {
    const result = call(c);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

/**
 * Makes a call that opens a descriptor, and adds the hook that closes it. A termination takes effect only where a
 * JavaScript function begins. None begins between the call and the hook, so no descriptor is lost.
 */
export function open(call: (c: Libc) => number): number {
  const c = libc();
  const hooks = c.host?.cleanup ?? null;
  while (true) {
    const fd = call(c);
    if (fd >= 0) {
      if (hooks !== null) {
        hooks.remove(hooks.env, hooks.close, fd);
        hooks.add(hooks.env, hooks.close, fd);
      }
      return fd;
    }
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

/** As `open()`, for a call that fills `fds` with two native ints and returns 0. */
export function openTwo(fds: Int32Array, call: (c: Libc, bytes: Uint8Array) => number): number {
  const bytes = new Uint8Array(fds.buffer, fds.byteOffset, fds.byteLength);
  const c = libc();
  const hooks = c.host?.cleanup ?? null;
  while (call(c, bytes) !== 0) {
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
  if (hooks !== null) {
    const a = fds[0] ?? -1; // always there: two ints. Not by destructuring, which calls a function
    const b = fds[1] ?? -1;
    hooks.remove(hooks.env, hooks.close, a);
    hooks.add(hooks.env, hooks.close, a);
    hooks.remove(hooks.env, hooks.close, b);
    hooks.add(hooks.env, hooks.close, b);
  }
  return 0;
}

/** Makes this thread close the descriptor when it ends. */
function own(fd: number): void {
  const hooks = libc().host?.cleanup ?? null;
  hooks?.remove(hooks.env, hooks.close, fd);
  hooks?.add(hooks.env, hooks.close, fd);
}

/** Keeps this thread from closing the descriptor: somebody else owns it from now on. */
export function disown(fd: number): void {
  const hooks = libc().host?.cleanup ?? null;
  hooks?.remove(hooks.env, hooks.close, fd);
}

// What transports call for each piece of data repeats the loop of complete(): a closure costs time there.

export function recv(fd: number, buffer: Uint8Array, flags: number): number {
  const c = libc();
  while (true) {
    const result = c.recv(fd, buffer, buffer.byteLength, flags);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

/** If the peer is gone, returns -EPIPE and raises no SIGPIPE. */
export function send(fd: number, data: Uint8Array, flags: number): number {
  const c = libc();
  while (true) {
    const result = c.send(fd, data, data.byteLength, flags | MSG_NOSIGNAL);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

export function read(fd: number, buffer: Uint8Array): number {
  const c = libc();
  while (true) {
    const result = c.read(fd, buffer, buffer.byteLength);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

/** If nobody reads any more, returns -EPIPE; Node ignores the SIGPIPE that comes with it. */
export function write(fd: number, data: Uint8Array): number {
  const c = libc();
  while (true) {
    const result = c.write(fd, data, data.byteLength);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

/** Writes the buffers that an array of `struct iovec` names by their addresses, which must stay referenced until this returns. */
export function writev(fd: number, vector: Uint8Array, count: number): number {
  const c = libc();
  while (true) {
    const result = c.writev(fd, vector, count);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

/**
 * Fills `address` with the sender's. `length` (a native int) is the room in `address` before the call, and the length of the
 * sender's address after it; 0 where there is none.
 */
export function recvfrom(
  fd: number,
  buffer: Uint8Array,
  flags: number,
  address: Uint8Array,
  length: Uint8Array,
): number {
  const c = libc();
  while (true) {
    const result = c.recvfrom(fd, buffer, buffer.byteLength, flags, address, length);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

/** If the peer is gone, returns -EPIPE and raises no SIGPIPE. */
export function sendto(fd: number, data: Uint8Array, flags: number, address: Uint8Array): number {
  const c = libc();
  while (true) {
    const result = c.sendto(fd, data, data.byteLength, flags | MSG_NOSIGNAL, address, address.byteLength);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

/**
 * Sends the buffers that a `struct msghdr` names by their addresses, which must stay referenced until this returns. If the peer is
 * gone, returns -EPIPE and raises no SIGPIPE.
 */
export function sendmsg(fd: number, message: Uint8Array, flags: number): number {
  const c = libc();
  while (true) {
    const result = c.sendmsg(fd, message, flags | MSG_NOSIGNAL);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

const offsetWord = new BigInt64Array(1); // off_t, in native byte order; the kernel moves it, and nobody reads it
const offsetRoom = new Uint8Array(offsetWord.buffer);

/**
 * Sends up to `length` bytes of a file from `offset` on, and returns how many; 0 at the end of the file. The file's own position stays
 * where it is. If the peer is gone, returns -EPIPE: the call has no MSG_NOSIGNAL, but Node ignores SIGPIPE.
 */
export function sendfile(outFd: number, inFd: number, offset: number, length: number): number {
  const c = libc();
  while (true) {
    offsetWord[0] = BigInt(offset);
    const result = c.sendfile(outFd, inFd, offsetRoom, length);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

/** Moves the position of a file to `offset` bytes from its start. Returns 0 or `-errno`. */
export function seek(fd: number, offset: number): number {
  return complete((c) => (Number(c.lseek(fd, offset, SEEK_SET)) < 0 ? -1 : 0));
}

/** Never waits: libuv does the waiting. */
export function epollWait(epollFd: number, events: Uint8Array, capacity: number): number {
  const c = libc();
  while (true) {
    const result = c.epoll_wait(epollFd, events, capacity, 0);
    if (result >= 0) return result;
    const errno = c.errno();
    if (errno !== EINTR) return -errno;
  }
}

export function socket(family: number, type: number, protocol: number): number {
  return open((c) => c.socket(family, type | OPEN_FLAGS, protocol));
}

/** Fills `fds` with two native ints. */
export function socketpair(family: number, type: number, protocol: number, fds: Int32Array): number {
  return openTwo(fds, (c, bytes) => c.socketpair(family, type | OPEN_FLAGS, protocol, bytes));
}

export function bind(fd: number, address: Uint8Array): number {
  return complete((c) => c.bind(fd, address, address.byteLength));
}

export function listen(fd: number, backlog: number): number {
  return complete((c) => c.listen(fd, backlog));
}

/**
 * Fills `address` with the peer's. `length` (a native int) is the room in `address` before the call, and the length of
 * the peer's address after it.
 */
export function accept(fd: number, address: Uint8Array, length: Uint8Array): number {
  return open((c) => c.accept4(fd, address, length, OPEN_FLAGS));
}

/** Not repeated after a signal: the first call goes on connecting. */
export function connect(fd: number, address: Uint8Array): number {
  const c = libc();
  return c.connect(fd, address, address.byteLength) === 0 ? 0 : -c.errno();
}

export function shutdown(fd: number, how: number): number {
  return complete((c) => c.shutdown(fd, how));
}

/** Not repeated after a signal: Linux has released the number by then, and another thread may own it already. */
export function close(fd: number): number {
  const c = libc();
  const hooks = c.host?.cleanup ?? null;
  hooks?.remove(hooks.env, hooks.close, fd); // first: another thread may get the number at once
  return c.close(fd) === 0 ? 0 : -c.errno();
}

/** Opens the file of a descriptor again: with a position, and with flags, of its own. A socket cannot be opened. */
export function reopen(fd: number, flags: number): number {
  return open((c) => c.open(`/proc/self/fd/${fd}`, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

/** A second descriptor of the same open file. */
export function dup(fd: number): number {
  return dupFrom(fd, 0);
}

/** The same, with a number that is not below `least`. */
export function dupFrom(fd: number, least: number): number {
  return open((c) => c.fcntl(fd, F_DUPFD_CLOEXEC, least));
}

/** The access mode and the status flags of an open file, as fcntl() gives them. */
export function statusFlags(fd: number): number {
  return complete((c) => c.fcntl(fd, F_GETFL, 0));
}

/** Makes an open file non-blocking, for everybody who shares it. */
export function setNonBlocking(fd: number): number {
  const status = statusFlags(fd);
  return status < 0 ? status : complete((c) => c.fcntl(fd, F_SETFL, status | O_NONBLOCK));
}

/** Gives a foreign descriptor the properties of our own: non-blocking, close-on-exec, closed when the thread ends. */
export function adopt(fd: number): number {
  const result = setNonBlocking(fd);
  if (result < 0) return result;
  const flags = complete((c) => c.fcntl(fd, F_GETFD, 0));
  if (flags < 0) return flags;
  const adopted = complete((c) => c.fcntl(fd, F_SETFD, flags | FD_CLOEXEC));
  if (adopted >= 0) own(fd); // not before: what was not adopted still belongs to the caller
  return adopted;
}

export function setsockopt(fd: number, level: number, name: number, value: Uint8Array): number {
  return complete((c) => c.setsockopt(fd, level, name, value, value.byteLength));
}

/** `length` (a native int) is the room in `value` before the call, and the bytes used of it after. */
export function getsockopt(
  fd: number,
  level: number,
  name: number,
  value: Uint8Array,
  length: Uint8Array,
): number {
  return complete((c) => c.getsockopt(fd, level, name, value, length));
}

export function getsockname(fd: number, address: Uint8Array, length: Uint8Array): number {
  return complete((c) => c.getsockname(fd, address, length));
}

export function getpeername(fd: number, address: Uint8Array, length: Uint8Array): number {
  return complete((c) => c.getpeername(fd, address, length));
}

export function epollCreate(): number {
  return open((c) => c.epoll_create1(EPOLL_CLOEXEC));
}

/** Opens an eventfd that belongs to no thread: it stays open until the process ends. */
export function eventfd(): number {
  return complete((c) => c.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

/** Raises the counter of the eventfd, and so wakes the thread that waits for it. Never waits itself. */
export function eventfdWrite(fd: number): number {
  const c = libc();
  return c.eventfd_write(fd, 1) === 0 ? 0 : -c.errno();
}

export function epollCtl(epollFd: number, operation: number, fd: number, event: Uint8Array): number {
  return complete((c) => c.epoll_ctl(epollFd, operation, fd, event));
}
