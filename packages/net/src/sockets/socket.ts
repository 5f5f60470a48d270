import { inspect } from 'node:util';
import { checkBytes } from './bytes.js';
import { checkInt } from './check-int.js';
import {
  AF_INET,
  AF_UNIX,
  SO_DOMAIN,
  SO_PROTOCOL,
  SO_TYPE,
  SOCK_STREAM,
  SOL_SOCKET,
  SOMAXCONN,
} from '../libc/linux-abi.js';
import {
  type AddressInput,
  decodeAddress,
  encodeAddress,
  SOCKADDR_BYTES,
  type SocketAddress,
} from './sockaddr.js';
import * as sys from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';

/** Options of `new Socket()`; the protocol is 0, the default of family and type, unless given. */
export interface SocketOptions {
  readonly proto?: number;
  /** Takes over this descriptor instead of opening one; family, type and protocol are then asked of the system. */
  readonly fileno?: number;
}

/** More than any option has; Python refuses more than 1,024. */
const MOST_OPTION_BYTES = 65_536;

const FRESH = Symbol('fresh descriptor');

// Filled and read within one call each, so that all sockets of a thread can share them.
const addressRoom = Buffer.alloc(SOCKADDR_BYTES);
const lengthRoom = Buffer.alloc(4);
const lengthWord = new Int32Array(lengthRoom.buffer, lengthRoom.byteOffset, 1); // native byte order, as the kernel's
const intRoom = Buffer.alloc(4);
const intWord = new Int32Array(intRoom.buffer, intRoom.byteOffset, 1);

/**
 * A BSD socket over its real descriptor: non-blocking, close-on-exec, and the descriptor's one owner. Calls that would have
 * to wait throw a system error with the code EAGAIN (`connect()`: EINPROGRESS); the `try…` calls return `-errno` instead.
 * After `close()` or `detach()`, `fileno()` is -1 and everything throws EBADF. Python: socket.socket.
 */
export class Socket {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  #fd: number;

  /**
   * @throws {SystemError} when the system refuses; ENOTSOCK, EBADF for a `fileno` that is no socket, which is left as it was
   * @throws {TypeError} @throws {RangeError} for numbers that are none, or do not fit
   */
  constructor(family: number = AF_INET, type: number = SOCK_STREAM, options: SocketOptions = {}) {
    const { proto = 0, fileno } = options;
    checkInt(family, 'family');
    checkInt(type, 'type');
    checkInt(proto, 'proto');
    if (fileno === undefined || FRESH in options) {
      this.#fd = fileno ?? must('socket', sys.socket(family, type, proto));
      [this.family, this.type, this.proto] = [family, type, proto];
      return;
    }
    checkInt(fileno, 'fileno', { min: 0 });
    // Asked before anything is set: other processes may share the open file, and only sockets are ours to change.
    this.family = intOption(fileno, SO_DOMAIN);
    this.type = intOption(fileno, SO_TYPE);
    this.proto = intOption(fileno, SO_PROTOCOL);
    must('fcntl', sys.adopt(fileno));
    this.#fd = fileno;
  }

  /** Two sockets connected to each other. Python: socket.socketpair(). */
  static socketpair(family: number = AF_UNIX, type: number = SOCK_STREAM): [Socket, Socket] {
    const fds = new Int32Array(2);
    must('socketpair', sys.socketpair(family, type, 0, fds));
    const [a = -1, b = -1] = fds;
    return [fresh(family, type, 0, a), fresh(family, type, 0, b)];
  }

  /** The descriptor's number, -1 once it is closed or detached. */
  fileno(): number {
    return this.#fd;
  }

  /**
   * Gives the socket its own address. Python: socket.bind().
   * @throws {SystemError} such as EADDRINUSE, EADDRNOTAVAIL, EACCES
   * @throws {TypeError} when the address does not suit the family; names are not resolved
   * @throws {RangeError} for a port or path that does not fit
   */
  bind(address: AddressInput): void {
    const bytes = encodeAddress(this.family, address);
    must('bind', sys.bind(this.#fd, bytes), address);
  }

  /**
   * Lets up to `backlog` connections wait to be accepted. Python: socket.listen().
   * @throws {SystemError} such as EADDRINUSE
   * @throws {RangeError} for a negative backlog, which the system would take for the largest one
   */
  listen(backlog: number = SOMAXCONN): void {
    checkInt(backlog, 'backlog', { min: 0 });
    must('listen', sys.listen(this.#fd, backlog));
  }

  /** The connection and the peer's address. */
  accept(): [Socket, SocketAddress | string] {
    const accepted = this.tryAccept();
    if (typeof accepted === 'number') throw systemError('accept', -accepted);
    return accepted;
  }

  /** As `accept()`, or `-errno`: -EAGAIN when no connection is waiting. */
  tryAccept(): [Socket, SocketAddress | string] | number {
    lengthWord[0] = SOCKADDR_BYTES;
    const fd = sys.accept(this.#fd, addressRoom, lengthRoom);
    if (fd < 0) return fd;
    const peer = decodeAddress(addressRoom, lengthWord[0]);
    return [fresh(this.family, this.type, this.proto, fd), peer];
  }

  /**
   * Connects, or begins to: on EINPROGRESS, wait until it can be written, then ask for SO_ERROR. Python: socket.connect().
   * @throws {SystemError} such as EINPROGRESS, ECONNREFUSED
   * @throws {TypeError} when the address does not suit the family; names are not resolved
   * @throws {RangeError} for a port or path that does not fit
   */
  connect(address: AddressInput): void {
    must('connect', this.tryConnect(address), address);
  }

  /** 0 when connected, else `-errno`: -EINPROGRESS when it has only begun. Throws for addresses as `connect()` does. Python: connect_ex(). */
  tryConnect(address: AddressInput): number {
    return sys.connect(this.#fd, encodeAddress(this.family, address));
  }

  /** At most `maxBytes` bytes; none at the end of the stream. */
  recv(maxBytes: number, flags = 0): Buffer {
    checkInt(maxBytes, 'maxBytes', { min: 0 });
    const buffer = Buffer.allocUnsafe(maxBytes);
    return buffer.subarray(0, this.recvInto(buffer, flags));
  }

  /** The number of bytes that were put at the start of `buffer`; 0 at the end of the stream. */
  recvInto(buffer: Uint8Array, flags = 0): number {
    return must('recv', this.tryRecvInto(buffer, flags));
  }

  /** As `recvInto()`, or `-errno`: -EAGAIN when nothing has come in. */
  tryRecvInto(buffer: Uint8Array, flags = 0): number {
    checkBytes(buffer, 'buffer');
    if (flags !== 0) checkInt(flags, 'flags');
    return sys.recv(this.#fd, buffer, flags);
  }

  /** The number of bytes that the system took, which may be fewer than there are. */
  send(data: Uint8Array, flags = 0): number {
    return must('send', this.trySend(data, flags));
  }

  /**
   * As `send()`, or `-errno`: -EAGAIN when the system's buffer is full.
   * @throws {TypeError} when `data` is no Uint8Array
   */
  trySend(data: Uint8Array, flags = 0): number {
    checkBytes(data);
    if (flags !== 0) checkInt(flags, 'flags');
    return sys.send(this.#fd, data, flags);
  }

  /**
   * Numbers and booleans are passed as an int, a Uint8Array as it is. Python: socket.setsockopt().
   * @throws {SystemError} such as ENOPROTOOPT, EINVAL
   * @throws {TypeError} @throws {RangeError} for a value that is none of these, or does not fit into an int
   */
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void {
    checkInt(level, 'level');
    checkInt(name, 'name');
    must('setsockopt', sys.setsockopt(this.#fd, level, name, optionBytes(value)));
  }

  /** An int option's value, or with `bytes` the option as it is in memory. */
  getsockopt(level: number, name: number): number;
  getsockopt(level: number, name: number, bytes: number): Buffer;
  getsockopt(level: number, name: number, bytes?: number): number | Buffer {
    checkInt(level, 'level');
    checkInt(name, 'name');
    if (bytes !== undefined) checkInt(bytes, 'bytes', { min: 0, max: MOST_OPTION_BYTES });
    const value = bytes === undefined ? intRoom : Buffer.alloc(bytes);
    lengthWord[0] = value.byteLength;
    must('getsockopt', sys.getsockopt(this.#fd, level, name, value, lengthRoom));
    return bytes === undefined ? (intWord[0] ?? 0) : value.subarray(0, lengthWord[0]);
  }

  /** Our own address. */
  getsockname(): SocketAddress | string {
    lengthWord[0] = SOCKADDR_BYTES;
    must('getsockname', sys.getsockname(this.#fd, addressRoom, lengthRoom));
    return decodeAddress(addressRoom, lengthWord[0]);
  }

  /**
   * The peer's address. Python: socket.getpeername().
   * @throws {SystemError} such as ENOTCONN
   */
  getpeername(): SocketAddress | string {
    lengthWord[0] = SOCKADDR_BYTES;
    must('getpeername', sys.getpeername(this.#fd, addressRoom, lengthRoom));
    return decodeAddress(addressRoom, lengthWord[0]);
  }

  /**
   * Ends one or both directions: SHUT_RD, SHUT_WR or SHUT_RDWR. Python: socket.shutdown().
   * @throws {SystemError} such as ENOTCONN
   */
  shutdown(how: number): void {
    must('shutdown', this.tryShutdown(how));
  }

  /** As `shutdown()`: 0, or `-errno`. */
  tryShutdown(how: number): number {
    checkInt(how, 'how');
    return sys.shutdown(this.#fd, how);
  }

  /** A second socket, with a descriptor of its own, on the same connection. */
  dup(): Socket {
    return fresh(this.family, this.type, this.proto, must('dup', sys.dup(this.#fd)));
  }

  /** Gives up the descriptor without closing it; whoever takes the number must close it. */
  detach(): number {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd !== -1) sys.disown(fd);
    return fd;
  }

  /** Can be repeated. Stop watching the descriptor first. */
  close(): void {
    const fd = this.#fd;
    this.#fd = -1; // before the call: the number is anybody's after it
    if (fd !== -1) sys.close(fd); // Linux releases the number whatever it returns
  }

  /** As `close()`. Python: with sock. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<Socket fd=${this.#fd} family=${this.family} type=${this.type} proto=${this.proto}>`;
  }
}

/** A socket over a descriptor that we have just opened: nothing has to be asked of it or set. */
function fresh(family: number, type: number, proto: number, fileno: number): Socket {
  const options = { proto, fileno, [FRESH]: true };
  return new Socket(family, type, options);
}

/** Of a descriptor that may be no socket. */
function intOption(fd: number, name: number): number {
  lengthWord[0] = intRoom.byteLength;
  must('getsockopt', sys.getsockopt(fd, SOL_SOCKET, name, intRoom, lengthRoom));
  return intWord[0] ?? 0; // always there: one word
}

function optionBytes(value: unknown): Uint8Array {
  if (typeof value !== 'number' && typeof value !== 'boolean') {
    checkBytes(value, 'value');
    return value;
  }
  checkInt(Number(value), 'value');
  intWord[0] = Number(value);
  return intRoom;
}

function must(syscall: string, result: number, address?: AddressInput): number {
  if (result < 0) throw systemError(syscall, -result, address);
  return result;
}
