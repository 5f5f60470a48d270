import { findHostFunctions, type HostFunctions } from './host-functions.js';
import { POINTER_BYTES } from './linux-abi.js';
import { loadKoffi } from './load-koffi.js';

/** An address in memory, as the C library gives it. */
export type Address = bigint;

/** Functions of the C library, as it declares them. They return -1 on failure, and `errno()` tells the reason. */
interface LibcFunctions {
  socket(domain: number, type: number, protocol: number): number;
  socketpair(domain: number, type: number, protocol: number, fds: Uint8Array): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  listen(fd: number, backlog: number): number;
  accept4(fd: number, address: Uint8Array, length: Uint8Array, flags: number): number;
  connect(fd: number, address: Uint8Array, length: number): number;
  recv(fd: number, buffer: Uint8Array, length: number, flags: number): number;
  send(fd: number, buffer: Uint8Array, length: number, flags: number): number;
  read(fd: number, buffer: Uint8Array, length: number): number;
  write(fd: number, buffer: Uint8Array, length: number): number;
  /** Without O_CREAT, and so without its third argument. */
  open(path: string, flags: number): number;
  recvfrom(
    fd: number,
    buffer: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: Uint8Array,
  ): number;
  sendto(
    fd: number,
    buffer: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number;
  sendmsg(fd: number, message: Uint8Array, flags: number): number;
  sendfile(outFd: number, inFd: number, offset: Uint8Array, length: number): number;
  lseek(fd: number, offset: number, whence: number): number | bigint;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  dup3(oldFd: number, newFd: number, flags: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint8Array): number;
  getsockname(fd: number, address: Uint8Array, length: Uint8Array): number;
  getpeername(fd: number, address: Uint8Array, length: Uint8Array): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epollFd: number, operation: number, fd: number, event: Uint8Array): number;
  epoll_wait(epollFd: number, events: Uint8Array, capacity: number, timeoutMs: number): number;
  eventfd(count: number, flags: number): number;
  eventfd_write(fd: number, value: number): number;
  inet_pton(family: number, text: string, address: Uint8Array): number;
  inet_ntop(family: number, address: Uint8Array, text: Uint8Array, length: number): unknown;
  if_nametoindex(name: string): number;
  if_indextoname(index: number, name: Uint8Array): unknown;
  getaddrinfo(node: string | null, service: string | null, hints: Uint8Array, list: Uint8Array): number;
  freeaddrinfo(list: Address): void;
  getnameinfo(
    address: Uint8Array,
    addressLength: number,
    host: Uint8Array,
    hostLength: number,
    service: Uint8Array,
    serviceLength: number,
    flags: number,
  ): number;
  sigaction(signal: number, action: Uint8Array | null, before: Uint8Array | null): number;
  memcpy(target: Uint8Array, source: Address, length: number): unknown;
  strlen(text: Address): number;
}

/**
 * The functions above, the errno of the last one that failed, and the functions that the executable exports. Every
 * system call of this package looks its function up in this object, so a test can replace one to make it fail
 * (test/net/faults). Users cannot reach the object.
 */
export interface Libc extends LibcFunctions {
  errno(): number;
  /** Where the bytes are in memory. Keep a reference to them as long as anybody may use the address. */
  address(bytes: Uint8Array): Address;
  readonly host: HostFunctions | null;
}

/** Where pointers have 32 bits, glibc gives these functions 64-bit offsets under other names. */
const WIDE = POINTER_BYTES === 8 ? '' : '64';

/** koffi does not know ssize_t, so intptr_t stands for it. Buffers are passed as plain addresses. */
const DECLARATIONS: Record<keyof LibcFunctions, string> = {
  socket: 'int socket(int domain, int type, int protocol)',
  socketpair: 'int socketpair(int domain, int type, int protocol, void *fds)',
  bind: 'int bind(int fd, void *address, uint32_t length)',
  listen: 'int listen(int fd, int backlog)',
  accept4: 'int accept4(int fd, void *address, void *length, int flags)',
  connect: 'int connect(int fd, void *address, uint32_t length)',
  recv: 'intptr_t recv(int fd, void *buffer, size_t length, int flags)',
  send: 'intptr_t send(int fd, void *buffer, size_t length, int flags)',
  read: 'intptr_t read(int fd, void *buffer, size_t length)',
  write: 'intptr_t write(int fd, void *buffer, size_t length)',
  open: 'int open(const char *path, int flags)',
  recvfrom:
    'intptr_t recvfrom(int fd, void *buffer, size_t length, int flags, void *address, void *addressLength)',
  sendto:
    'intptr_t sendto(int fd, void *buffer, size_t length, int flags, void *address, uint32_t addressLength)',
  sendmsg: 'intptr_t sendmsg(int fd, void *message, int flags)',
  sendfile: `intptr_t sendfile${WIDE}(int outFd, int inFd, void *offset, size_t length)`,
  lseek: `int64_t lseek${WIDE}(int fd, int64_t offset, int whence)`,
  shutdown: 'int shutdown(int fd, int how)',
  close: 'int close(int fd)',
  dup3: 'int dup3(int oldfd, int newfd, int flags)',
  fcntl: 'int fcntl(int fd, int command, intptr_t argument)',
  setsockopt: 'int setsockopt(int fd, int level, int name, void *value, uint32_t length)',
  getsockopt: 'int getsockopt(int fd, int level, int name, void *value, void *length)',
  getsockname: 'int getsockname(int fd, void *address, void *length)',
  getpeername: 'int getpeername(int fd, void *address, void *length)',
  epoll_create1: 'int epoll_create1(int flags)',
  epoll_ctl: 'int epoll_ctl(int epfd, int operation, int fd, void *event)',
  epoll_wait: 'int epoll_wait(int epfd, void *events, int capacity, int timeout)',
  eventfd: 'int eventfd(unsigned int count, int flags)',
  eventfd_write: 'int eventfd_write(int fd, uint64_t value)',
  inet_pton: 'int inet_pton(int family, const char *text, void *address)',
  inet_ntop: 'void *inet_ntop(int family, void *address, void *text, uint32_t length)',
  if_nametoindex: 'unsigned int if_nametoindex(const char *name)',
  if_indextoname: 'void *if_indextoname(unsigned int index, void *name)',
  getaddrinfo: 'int getaddrinfo(const char *node, const char *service, void *hints, void *list)',
  freeaddrinfo: 'void freeaddrinfo(intptr_t list)',
  getnameinfo:
    'int getnameinfo(void *address, uint32_t addressLength, void *host, uint32_t hostLength, void *service, uint32_t serviceLength, int flags)',
  sigaction: 'int sigaction(int signal, void *action, void *before)',
  memcpy: 'void *memcpy(void *target, intptr_t source, size_t length)',
  strlen: 'size_t strlen(intptr_t text)',
};

let loaded: Libc | null = null;

/**
 * The C library of this process, loaded at first use, so that importing this package works on every platform.
 * @throws {NoEpollError} ERR_NO_EPOLL outside Linux
 * @throws {NativeCallsError} ERR_NATIVE_CALLS_UNAVAILABLE
 */
export function libc(): Libc {
  loaded ??= load();
  return loaded;
}

function load(): Libc {
  return loadKoffi((koffi, library) => {
    const functions = Object.entries(DECLARATIONS).map(([name, text]) => [name, library.func(text)] as const);
    // The table above declares the functions of the interface.
    const named = Object.fromEntries(functions) as unknown as LibcFunctions;
    return {
      ...named,
      errno: () => koffi.errno(),
      address: (bytes) => koffi.address(bytes),
      host: findHostFunctions(koffi, library),
    };
  });
}
