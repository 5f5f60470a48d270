import { inspect } from 'node:util';
import { decodeOften, encodeOften } from './address-cache.js';
import { checkBytes } from './bytes.js';
import { checkInt } from './check-int.js';
import { changeMembership, chooseMulticastInterface, type NetworkInterface } from './multicast.js';
import {
  getNamedOption,
  type ReadableSocketOptionValues,
  setNamedOption,
  type SocketOptionName,
  type SocketOptionValues,
} from './named-options.js';
import { checkNonBlocking, checkTimeout } from './never-blocking.js';
import { duplicateOf, type SocketTicket, ticketOf } from './socket-ticket.js';
import {
  AF_INET,
  AF_UNIX,
  AF_UNSPEC,
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
import { sendVector } from '../libc/send-vector.js';
import * as sys from '../libc/syscalls.js';
import { systemError } from '../libc/system-error.js';

/** Options of `new Socket()`. `proto` is 0 by default, which stands for the default protocol of family and type. */
export interface SocketOptions {
  readonly proto?: number;
  /**
   * Takes over this descriptor instead of opening one. Family, type and protocol are then those that the system
   * reports. Nobody else may own it: `detach()` it from the socket that has it. Of a socket in another thread, take a
   * `ticket()` instead.
   */
  readonly fileno?: number;
}

/** Bytes: more than any option has. Python refuses more than 1,024. */
const MOST_OPTION_BYTES = 65_536;

const FRESH = Symbol('fresh descriptor');

let move: (sock: Socket) => Socket;

// All sockets of a thread share these buffers: each call fills and reads them before it returns.
const addressRoom = Buffer.alloc(SOCKADDR_BYTES);
const lengthRoom = Buffer.alloc(4);
const lengthWord = new Int32Array(lengthRoom.buffer, lengthRoom.byteOffset, 1); // native byte order, as the kernel's
const intRoom = Buffer.alloc(4);
const intWord = new Int32Array(intRoom.buffer, intRoom.byteOffset, 1);

/**
 * A BSD socket. It is the only owner of a real descriptor, which is non-blocking and close-on-exec. A call that would
 * have to wait throws a system error with the code EAGAIN (`connect()`: EINPROGRESS); the `try…` calls return `-errno`
 * instead. After `close()` or `detach()`, `fileno()` is -1 and every system call fails with EBADF. Python:
 * socket.socket.
 *
 * The file is long because each method is one system call, with what must be said about it.
 */
export class Socket {
  readonly family: number;
  readonly type: number;
  readonly proto: number;
  #fd: number;

  static {
    move = (sock) => {
      const fd = sock.#fd;
      sock.#fd = -1;
      return fresh(sock.family, sock.type, sock.proto, fd);
    };
  }

  /**
   * @throws {SystemError} when the system refuses; ENOTSOCK or EBADF when `fileno` is not a socket, which then stays
   * unchanged
   * @throws {TypeError} when an argument is not a number
   * @throws {RangeError} when a number is not an integer or does not fit into a C int
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
    // Read these before changing any flag: they fail for a file that is not a socket, and other processes may share
    // such a file.
    this.family = intOption(fileno, SO_DOMAIN);
    this.type = intOption(fileno, SO_TYPE);
    this.proto = intOption(fileno, SO_PROTOCOL);
    must('fcntl', sys.adopt(fileno));
    this.#fd = fileno;
  }

  /** Returns two sockets that are connected to each other. Python: socket.socketpair(). */
  static socketpair(family: number = AF_UNIX, type: number = SOCK_STREAM): [Socket, Socket] {
    const fds = new Int32Array(2);
    must('socketpair', sys.socketpair(family, type, 0, fds));
    const [a = -1, b = -1] = fds;
    return [fresh(family, type, 0, a), fresh(family, type, 0, b)];
  }

  /**
   * Opens a second descriptor of a socket of another thread, which has sent its `ticket()`.
   * @throws {SystemError} EBADF when that socket is closed by now, even if its number belongs to another file; EMFILE
   * @throws {TypeError} when it is no ticket
   */
  static fromTicket(ticket: SocketTicket): Socket {
    const fileno = duplicateOf(ticket);
    try {
      return new Socket(AF_UNSPEC, 0, { fileno });
    } catch (thrown) {
      sys.close(fileno);
      throw thrown;
    }
  }

  /** The descriptor's number, -1 once it is closed or detached. */
  fileno(): number {
    return this.#fd;
  }

  /**
   * Gives the socket its own address. Names are not resolved. Python: socket.bind().
   * @throws {SystemError} such as EADDRINUSE, EADDRNOTAVAIL, EACCES
   * @throws {TypeError} when the address does not suit the family
   * @throws {RangeError} when the port is out of range or the path is too long
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

  /** Accepts a connection. Returns its socket and the peer's address. */
  accept(): [Socket, SocketAddress | string] {
    const accepted = this.tryAccept();
    if (typeof accepted === 'number') throw systemError('accept', -accepted);
    return accepted;
  }

  /** Like `accept()`, but returns `-errno` instead of throwing: -EAGAIN when no connection is waiting. */
  tryAccept(): [Socket, SocketAddress | string] | number {
    lengthWord[0] = SOCKADDR_BYTES;
    const fd = sys.accept(this.#fd, addressRoom, lengthRoom);
    if (fd < 0) return fd;
    const peer = decodeAddress(addressRoom, lengthWord[0]);
    return [fresh(this.family, this.type, this.proto, fd), peer];
  }

  /**
   * Connects, or starts to connect. On EINPROGRESS, wait until the socket can be written, then read SO_ERROR. Names are
   * not resolved. Python: socket.connect().
   * @throws {SystemError} such as EINPROGRESS, ECONNREFUSED
   * @throws {TypeError} when the address does not suit the family
   * @throws {RangeError} when the port is out of range or the path is too long
   */
  connect(address: AddressInput): void {
    must('connect', this.tryConnect(address), address);
  }

  /**
   * Returns 0 when connected, else `-errno`: -EINPROGRESS when connecting has only started. Throws for a wrong address,
   * as `connect()` does. Python: connect_ex().
   */
  tryConnect(address: AddressInput): number {
    return sys.connect(this.#fd, encodeAddress(this.family, address));
  }

  /** Reads at most `maxBytes` bytes. Returns an empty buffer at the end of the stream. */
  recv(maxBytes: number, flags = 0): Buffer {
    checkInt(maxBytes, 'maxBytes', { min: 0 });
    const buffer = Buffer.allocUnsafe(maxBytes);
    return buffer.subarray(0, this.recvInto(buffer, flags));
  }

  /** Reads into the start of `buffer`, and returns the number of bytes; 0 at the end of the stream. */
  recvInto(buffer: Uint8Array, flags = 0): number {
    return must('recv', this.tryRecvInto(buffer, flags));
  }

  /** Like `recvInto()`, but returns `-errno` instead of throwing: -EAGAIN when no data has arrived. */
  tryRecvInto(buffer: Uint8Array, flags = 0): number {
    checkBytes(buffer, 'buffer');
    if (flags !== 0) checkInt(flags, 'flags');
    return sys.recv(this.#fd, buffer, flags);
  }

  /**
   * Receives one datagram, or what a stream has, with the sender's address: `''` from a Unix socket without a name, and from a
   * stream. What does not fit into `maxBytes` of a datagram is lost. Python: socket.recvfrom().
   */
  recvfrom(maxBytes: number, flags = 0): [Buffer, SocketAddress | string] {
    checkInt(maxBytes, 'maxBytes', { min: 0 });
    const buffer = Buffer.allocUnsafe(maxBytes);
    const [count, address] = this.recvfromInto(buffer, flags);
    return [buffer.subarray(0, count), address];
  }

  /** Like `recvfrom()`, but reads into the start of `buffer`, and returns the number of bytes. Python: recvfrom_into(). */
  recvfromInto(buffer: Uint8Array, flags = 0): [number, SocketAddress | string] {
    const received = this.tryRecvfromInto(buffer, flags);
    if (typeof received === 'number') throw systemError('recvfrom', -received);
    return received;
  }

  /** Like `recvfromInto()`, but returns `-errno` instead of throwing: -EAGAIN when nothing has arrived. */
  tryRecvfromInto(buffer: Uint8Array, flags = 0): [number, SocketAddress | string] | number {
    checkBytes(buffer, 'buffer');
    if (flags !== 0) checkInt(flags, 'flags');
    lengthWord[0] = SOCKADDR_BYTES;
    const count = sys.recvfrom(this.#fd, buffer, flags, addressRoom, lengthRoom);
    return count < 0 ? count : [count, decodeOften(addressRoom, lengthWord[0])];
  }

  /**
   * Sends one datagram to `address`, and returns the number of bytes. Names are not resolved. Python: socket.sendto().
   * @throws {SystemError} such as EMSGSIZE, ECONNREFUSED
   * @throws {TypeError} when `data` is not a Uint8Array or the address does not suit the family
   * @throws {RangeError} when the port is out of range or the path is too long
   */
  sendto(data: Uint8Array, address: AddressInput, flags = 0): number {
    return must('sendto', this.trySendto(data, address, flags), address);
  }

  /** Like `sendto()`, but returns `-errno` instead of throwing: -EAGAIN when the system's buffer is full. */
  trySendto(data: Uint8Array, address: AddressInput, flags = 0): number {
    checkBytes(data);
    if (flags !== 0) checkInt(flags, 'flags');
    return sys.sendto(this.#fd, data, flags, encodeOften(this.family, address));
  }

  /** Sends bytes, and returns how many the system took, which may be fewer than `data` has. */
  send(data: Uint8Array, flags = 0): number {
    return must('send', this.trySend(data, flags));
  }

  /**
   * Like `send()`, but returns `-errno` instead of throwing: -EAGAIN when the system's buffer is full.
   * @throws {TypeError} when `data` is not a Uint8Array
   */
  trySend(data: Uint8Array, flags = 0): number {
    checkBytes(data);
    if (flags !== 0) checkInt(flags, 'flags');
    return sys.send(this.#fd, data, flags);
  }

  /**
   * Sends the start of several buffers in one system call, and returns how many bytes the system took, or `-errno`: -EAGAIN when
   * its buffer is full. Nothing is copied. Python: socket.sendmsg().
   * @throws {TypeError} when one of them is not a Uint8Array
   */
  trySendAll(buffers: readonly Uint8Array[]): number {
    for (const buffer of buffers) checkBytes(buffer);
    return sendVector(this.#fd, buffers);
  }

  /**
   * Sets an option. A number or a boolean is passed as an int, a Uint8Array unchanged. Python: socket.setsockopt().
   * @throws {SystemError} such as ENOPROTOOPT, EINVAL
   * @throws {TypeError} when an argument has another type
   * @throws {RangeError} when a number does not fit into an int
   */
  setsockopt(level: number, name: number, value: number | boolean | Uint8Array): void {
    checkInt(level, 'level');
    checkInt(name, 'name');
    must('setsockopt', sys.setsockopt(this.#fd, level, name, optionBytes(value)));
  }

  /**
   * Returns the value of an int option. With `bytes`, returns at most that many bytes of the option as they are in
   * memory.
   */
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

  /**
   * Sets an option by its name, see `SocketOptionValues`: `setOption('keepAlive', true)`.
   * @throws {SystemError} such as ENOPROTOOPT, ENOTSUP when the socket has no such option; EBADF once it is closed
   * @throws {TypeError} ERR_INVALID_ARG_VALUE for a name that is none or can only be read; ERR_INVALID_ARG_TYPE for a wrong type
   * @throws {RangeError} when a number is out of the option's range
   */
  setOption<K extends SocketOptionName>(name: K, value: SocketOptionValues[K]): void {
    setNamedOption(this, name, value);
  }

  /**
   * Returns the value of an option by its name, as the system has it now. Throws as `setOption()`.
   */
  getOption<K extends keyof ReadableSocketOptionValues>(name: K): ReadableSocketOptionValues[K] {
    return getNamedOption(this, name);
  }

  /**
   * Receives what is sent to a multicast group, on that interface. Python: setsockopt() with IP_ADD_MEMBERSHIP or IPV6_JOIN_GROUP.
   * @param networkInterface its name, its index, or its IPv4 address; 0, the default, leaves the choice to the system
   * @throws {SystemError} such as EADDRINUSE when it is in the group already, ENODEV
   * @throws {TypeError} when the group is not an address of the socket's family, or there is no such interface
   */
  addMembership(group: string, networkInterface: NetworkInterface = 0): void {
    changeMembership(this, 'add', group, networkInterface);
  }

  /** Leaves a multicast group. Throws as `addMembership()`, and EADDRNOTAVAIL when the socket was not in it. */
  dropMembership(group: string, networkInterface: NetworkInterface = 0): void {
    changeMembership(this, 'drop', group, networkInterface);
  }

  /** Chooses the interface on which multicast datagrams are sent. Throws as `addMembership()`. */
  setMulticastInterface(networkInterface: NetworkInterface): void {
    chooseMulticastInterface(this, networkInterface);
  }

  /**
   * Only for code that comes from Python: all sockets here are non-blocking, and stay so.
   * @throws {TypeError} for `true`, and for what is not a boolean
   */
  setblocking(blocking: boolean): void {
    checkNonBlocking(blocking);
  }

  /**
   * Only for code that comes from Python: 0, which stands for a non-blocking socket, is accepted.
   * @throws {RangeError} for any other number of seconds, and for null, which would stand for a blocking socket
   * @throws {TypeError} for what is neither
   */
  settimeout(seconds: number | null): void {
    checkTimeout(seconds);
  }

  /** Always 0: the socket is non-blocking. */
  gettimeout(): number {
    return 0;
  }

  /** Returns the local address. */
  getsockname(): SocketAddress | string {
    lengthWord[0] = SOCKADDR_BYTES;
    must('getsockname', sys.getsockname(this.#fd, addressRoom, lengthRoom));
    return decodeAddress(addressRoom, lengthWord[0]);
  }

  /**
   * Returns the peer's address. Python: socket.getpeername().
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

  /** Like `shutdown()`, but returns 0 or `-errno` instead of throwing. */
  tryShutdown(how: number): number {
    checkInt(how, 'how');
    return sys.shutdown(this.#fd, how);
  }

  /** Returns a second socket on the same connection, with a descriptor of its own. */
  dup(): Socket {
    return fresh(this.family, this.type, this.proto, must('dup', sys.dup(this.#fd)));
  }

  /**
   * Returns what another thread of this process needs to open a second descriptor of this socket, with `Socket.fromTicket()`. Keep
   * this socket open until that thread has told you that it did. Stop watching it before you close it.
   * @throws {SystemError} EBADF once the socket is closed
   */
  ticket(): SocketTicket {
    return ticketOf(this.#fd);
  }

  /** Gives up the descriptor without closing it, and returns its number. The caller must close it, even if this thread ends. */
  detach(): number {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd !== -1) sys.disown(fd);
    return fd;
  }

  /** Closes the descriptor; further calls do nothing. Stop watching the descriptor first. */
  close(): void {
    const fd = this.#fd;
    this.#fd = -1; // first: once it is closed, any other file may get the number
    if (fd !== -1) sys.close(fd); // no check: Linux releases the number even if close() fails
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

/**
 * Moves the descriptor into a new socket and detaches `sock`, so that the descriptor has only one owner: otherwise a later `close()` of
 * the caller's object could close a number that belongs to another file by then. At no time is it without an owner: the thread may end
 * at any moment, and closes it then.
 */
export function moved(sock: Socket): Socket {
  return move(sock);
}

/** Wraps a descriptor that we have just opened: its properties are known and its flags are set. */
function fresh(family: number, type: number, proto: number, fileno: number): Socket {
  const options = { proto, fileno, [FRESH]: true };
  return new Socket(family, type, options);
}

/** Reads an int option of a descriptor that may not be a socket. */
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
