import { type Awaitable, BaseEventLoop, Handle, type LoopPorts } from '@ringloop/core';
import { chooseNet, type NetBackend } from './choose-net.js';
import { checkCallback, startFunction } from '@ringloop/core/internal';
import { attachConnection } from './connect/attach-connection.js';
import { connectAcceptedSocket, type AcceptedSocketOptions } from './connect/connect-accepted-socket.js';
import { createConnection, type ConnectionOptions } from './connect/create-connection.js';
import { createDatagramEndpoint, type DatagramOptions } from './connect/create-datagram-endpoint.js';
import type { DetachedConnection } from './transports/detached-connection.js';
import type { DatagramProtocol } from './transports/datagram-protocol.js';
import type { StreamTransport } from './transports/stream-transport.js';
import type { DatagramTransport, Transport, WriteTransport } from './transports/transport.js';
import { createUnixConnection, type UnixConnectionOptions } from './connect/create-unix-connection.js';
import { createServer, type ServerOptions } from './server/create-server.js';
import { createUnixServer, type UnixServerOptions } from './server/create-unix-server.js';
import type { AddressInfo, AddressInfoOptions } from './names/address-info.js';
import { getaddrinfo } from './names/getaddrinfo.js';
import { getnameinfo, type NameInfoAddress } from './names/getnameinfo.js';
import type { FileLike } from './sendfile/file-like.js';
import type { SendfileOptions } from './sendfile/sendfile-options.js';
import { sockSendfile } from './sendfile/sock-sendfile.js';
import { transportSendfile } from './sendfile/transport-sendfile.js';
import type { Port } from './sockets/service-port.js';
import { type FileDescriptorLike, toFileno } from './sockets/file-descriptor.js';
import { LoopNet, NET } from './loop-net.js';
import type { ProtocolFactory, StreamProtocol } from './transports/protocol.js';
import type { Direction } from './selector/loop-selector.js';
import type { Server } from './server/server.js';
import { connectReadPipe, connectWritePipe } from './pipes/connect-pipe.js';
import type { PipeLike } from './pipes/pipe-like.js';
import type { ReadPipeProtocol, WritePipeProtocol } from './pipes/pipe-protocols.js';
import type { ReadPipeTransport } from './pipes/read-pipe-transport.js';
import type { WritePipeTransport } from './pipes/write-pipe-transport.js';
import { startTls, type StartTlsOptions } from './tls/start-tls.js';
import type { Ssl } from './tls/ssl-options.js';
import { sockAccept } from './sock-calls/sock-accept.js';
import { sockConnect } from './sock-calls/sock-connect.js';
import { sockRecv, sockRecvfrom, sockRecvfromInto, sockRecvInto } from './sock-calls/sock-recv.js';
import { sockSendall, sockSendto } from './sock-calls/sock-send.js';
import type { AddressInput, SocketAddress } from './sockets/sockaddr.js';
import type { Socket } from './sockets/socket.js';
import type { SystemText } from './processes/c-strings.js';
import { adoptChildrenOfWorkers } from './processes/orphans.js';
import type { SubprocessOptions } from './processes/process-spec.js';
import { type Subprocess, subprocessExec, subprocessShell } from './processes/subprocess-exec.js';
import type { SubprocessProtocol, SubprocessProtocolFactory } from './processes/subprocess-protocol.js';

/** Options of a loop with sockets. */
export interface NetOptions {
  /**
   * What carries the sockets of the loop. `'epoll'`: descriptors of our own; Linux with koffi. `'libuv'`: Node's handles, on every
   * platform, without `addReader()`, `addWriter()` and the `sock…` methods. By default the environment variable RINGLOOP_NET says it,
   * else it is epoll where it can be had.
   */
  readonly net?: NetBackend;
}

/**
 * An event loop with sockets. With epoll it has one epoll descriptor, which its thread's own libuv loop watches while the event loop
 * runs. Python: asyncio.SelectorEventLoop; without epoll, asyncio.ProactorEventLoop.
 */
export class SelectorEventLoop extends BaseEventLoop {
  readonly #net: LoopNet;

  /**
   * @throws {TypeError} when an option, or the environment variable RINGLOOP_NET, has a wrong value
   * @throws {NoEpollError} ERR_NO_EPOLL when `net: 'epoll'` is asked for outside Linux
   * @throws {NativeCallsError} ERR_NATIVE_CALLS_UNAVAILABLE when `net: 'epoll'` is asked for, and koffi does not load
   */
  constructor({ net, ...ports }: LoopPorts & NetOptions = {}) {
    const choice = chooseNet(net); // first: if this throws, nothing is open
    super(ports);
    adoptChildrenOfWorkers();
    this.#net = new LoopNet(this, choice, () => this.eventsReady());
  }

  /** What carries the sockets of this loop, see NetOptions. */
  get net(): NetBackend {
    return this.#net.handles === null ? 'epoll' : 'libuv';
  }

  /** Internal: the state that the sockets of this loop share. */
  get [NET](): LoopNet {
    return this.#net;
  }

  /**
   * Calls `callback(...args)` in each iteration in which `fd` can be read, until `removeReader()`. Replaces the
   * previous reader of `fd`. Python: loop.add_reader().
   * @throws {TypeError} when `fd` is neither a number nor has a fileno(), or `callback` is not a function
   * @throws {RangeError} when the number is negative
   * @throws {SystemError} when the descriptor cannot be watched: EBADF, EPERM for a regular file
   * @throws {TransportStateError} ERR_FD_IN_TRANSPORT when a transport of this loop owns the descriptor
   * @throws {NoEpollError} ERR_NO_EPOLL in a loop on Node's handles
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   */
  addReader<A extends unknown[]>(
    fd: FileDescriptorLike,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    checkCallback(callback, 'addReader');
    this.#net.checkEpoll('addReader()');
    this.#watch(fd, 'reader', new Handle(callback, args, this));
  }

  /** Like `addReader()`, but calls `callback` when `fd` can be written. Python: loop.add_writer(). */
  addWriter<A extends unknown[]>(
    fd: FileDescriptorLike,
    callback: (...args: A) => unknown,
    ...args: A
  ): void {
    checkCallback(callback, 'addWriter');
    this.#net.checkEpoll('addWriter()');
    this.#watch(fd, 'writer', new Handle(callback, args, this));
  }

  /**
   * Returns false when `fd` had no reader. The descriptor may be closed right afterwards. Python: loop.remove_reader().
   */
  removeReader(fd: FileDescriptorLike): boolean {
    return this.#net.selector.unwatch(this.#freeFileno(fd), 'reader');
  }

  /** Returns false when `fd` had no writer. Python: loop.remove_writer(). */
  removeWriter(fd: FileDescriptorLike): boolean {
    return this.#net.selector.unwatch(this.#freeFileno(fd), 'writer');
  }

  /**
   * Receives up to `maxBytes` bytes; an empty buffer at the end of the stream. As all `sock…` methods it can be cancelled: then
   * the socket is not watched any more, and nothing that arrives is lost. One call at a time may wait in each direction of a socket.
   * Python: loop.sock_recv().
   * @throws {SystemError} such as ECONNRESET; EBADF when the socket is closed
   * @throws {TypeError} when `sock` is not a Socket, or `maxBytes` not a number
   * @throws {RangeError} when `maxBytes` is negative or not an integer
   * @throws {TransportStateError} ERR_FD_IN_TRANSPORT when a transport of this loop owns the socket
   * @throws {NoEpollError} ERR_NO_EPOLL in a loop on Node's handles
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   */
  sockRecv(sock: Socket, maxBytes: number): Awaitable<Buffer> {
    return startFunction(() => sockRecv(this, sock, maxBytes), { loop: this });
  }

  /** Receives into the start of `buffer`, and resolves with the number of bytes. Python: loop.sock_recv_into(). Throws as `sockRecv()`. */
  sockRecvInto(sock: Socket, buffer: Uint8Array): Awaitable<number> {
    return startFunction(() => sockRecvInto(this, sock, buffer), { loop: this });
  }

  /** Receives one datagram and the sender's address. Python: loop.sock_recvfrom(). Throws as `sockRecv()`. */
  sockRecvfrom(sock: Socket, maxBytes: number): Awaitable<[Buffer, SocketAddress | string]> {
    return startFunction(() => sockRecvfrom(this, sock, maxBytes), { loop: this });
  }

  /** Like `sockRecvfrom()`, into the start of `buffer`; resolves with the number of bytes. Python: loop.sock_recvfrom_into(). */
  sockRecvfromInto(sock: Socket, buffer: Uint8Array): Awaitable<[number, SocketAddress | string]> {
    return startFunction(() => sockRecvfromInto(this, sock, buffer), { loop: this });
  }

  /**
   * Sends all of `data`, which must not be changed meanwhile. When it fails or is cancelled, nobody can tell how much was sent.
   * Python: loop.sock_sendall(). Throws as `sockRecv()`, and EPIPE when the peer is gone.
   */
  sockSendall(sock: Socket, data: Uint8Array): Awaitable<void> {
    return startFunction(() => sockSendall(this, sock, data), { loop: this });
  }

  /** Sends one datagram to `address`, and resolves with the number of bytes. Python: loop.sock_sendto(). Throws as `sockRecv()`. */
  sockSendto(sock: Socket, data: Uint8Array, address: AddressInput): Awaitable<number> {
    return startFunction(() => sockSendto(this, sock, data, address), { loop: this });
  }

  /**
   * Sends a file, or a part of it, on a connected stream socket, and resolves with the number of bytes. The system does it by itself
   * (sendfile(2)); where it cannot, the file is read and sent, unless `fallback` is false. Afterwards the file's position is behind
   * the last byte that was sent, also when this fails or is cancelled. The file may be closed meanwhile. Python: loop.sock_sendfile().
   * Throws as `sockSendall()`, and:
   * @param file the number of a descriptor, a FileHandle, or anything with a fileno(); it must be possible to read it at any place
   * @throws {SendfileNotAvailableError} ERR_SENDFILE_NOT_AVAILABLE when sendfile(2) is not for this file, and `fallback` is false
   * @throws {SystemError} of the file: EBADF when it is not open for reading, ESPIPE of a pipe, EISDIR, EMFILE
   * @throws {TypeError} when `sock` is no stream socket, `file` no file, or an option has the wrong type
   * @throws {RangeError} when `offset` is negative, `count` not positive, or the file closed
   */
  sockSendfile(sock: Socket, file: FileLike, options: SendfileOptions = {}): Awaitable<number> {
    return startFunction(() => sockSendfile(this, sock, file, options), { loop: this });
  }

  /**
   * Sends a file, or a part of it, on the connection of a transport, and resolves with the number of bytes. What was written before is
   * sent first. Until then, nothing is read, and `write()` throws. By sendfile(2), where the connection is a socket of our own without
   * TLS; otherwise the file is read and written, unless `fallback` is false. The file's position is set as by `sockSendfile()`, but
   * not in a loop on Node's handles, which cannot set it. Python: loop.sendfile().
   * @param file as of `sockSendfile()`
   * @throws {SendfileNotAvailableError} ERR_SENDFILE_NOT_AVAILABLE when the transport is of another kind, or the file would have to
   * be read, and `fallback` is false
   * @throws {TransportStateError} ERR_TRANSPORT_CLOSING when the transport is closing or closed by `close()` or `abort()` meanwhile;
   * ERR_WRITE_AFTER_EOF; ERR_SENDFILE_IN_PROGRESS
   * @throws {SystemError} such as EPIPE, ECONNRESET; of the file, as `sockSendfile()`
   * @throws {TypeError} when `transport` is no transport, `file` no file, or an option has the wrong type
   * @throws {RangeError} when `offset` is negative, `count` not positive, or the file closed
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   */
  sendfile(transport: WriteTransport, file: FileLike, options: SendfileOptions = {}): Awaitable<number> {
    return startFunction(() => transportSendfile(this, transport, file, options), { loop: this });
  }

  /**
   * Connects the socket. A name is resolved first, to the first address of the socket's family. Python: loop.sock_connect().
   * Throws as `sockRecv()`, with ECONNREFUSED and the like, and with what the resolver says of a name.
   */
  sockConnect(sock: Socket, address: AddressInput): Awaitable<void> {
    return startFunction(() => sockConnect(this, sock, address), { loop: this });
  }

  /** Accepts a connection: its socket, and the peer's address. Python: loop.sock_accept(). Throws as `sockRecv()`. */
  sockAccept(sock: Socket): Awaitable<[Socket, SocketAddress | string]> {
    return startFunction(() => sockAccept(this, sock), {
      loop: this,
      discard: ([connection]) => connection.close(),
    });
  }

  /**
   * Looks up the addresses of a host, one entry for each kind of socket that reaches it. An IP address is answered at once; a
   * name is looked up as by node:dns, which no job of the executor delays. Python: loop.getaddrinfo().
   * @param host a name or an IP address; null for this machine, or for all interfaces with AI_PASSIVE
   * @param port a number, the name of a service, or null
   * @throws {ResolutionError} such as EAI_NONAME, EAI_SERVICE, EAI_BADFLAGS
   * @throws {TypeError} when an argument has the wrong type
   * @throws {RangeError} when the port is out of range
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   */
  getaddrinfo(host: string | null, port: Port, options: AddressInfoOptions = {}): Awaitable<AddressInfo[]> {
    return startFunction(() => getaddrinfo(this, host, port, options), { loop: this });
  }

  /**
   * Looks up the name of an IP address and of its port. A host without a name is its address. Python: loop.getnameinfo().
   * @param flags NI_… constants, combined by `|`
   * @throws {ResolutionError} such as EAI_NONAME with NI_NAMEREQD
   * @throws {TypeError} when the address is not an IP address with a port
   * @throws {RangeError} when the port is out of range
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   */
  getnameinfo(address: NameInfoAddress, flags = 0): Awaitable<[host: string, service: string]> {
    return startFunction(() => getnameinfo(this, address, flags), { loop: this });
  }

  /**
   * Connects to a TCP server. When cancelled, it leaves no connection behind. Python: loop.create_connection(). See
   * ConnectionOptions.
   */
  createConnection<P extends StreamProtocol>(
    protocolFactory: ProtocolFactory<P>,
    options: ConnectionOptions,
  ): Awaitable<[StreamTransport, P]> {
    return startFunction(() => createConnection(this, protocolFactory, options), {
      loop: this,
      discard: ([transport]) => transport.abort(),
    });
  }

  /**
   * Opens a TCP server. When cancelled, it leaves no server behind. Python: loop.create_server(). See ServerOptions.
   */
  createServer(protocolFactory: ProtocolFactory, options: ServerOptions): Awaitable<Server> {
    return startFunction(() => createServer(this, protocolFactory, options), {
      loop: this,
      discard: (server) => server.close(),
    });
  }

  /**
   * Connects to a Unix socket. When cancelled, it leaves no connection behind. Python: loop.create_unix_connection(). See
   * UnixConnectionOptions.
   */
  createUnixConnection<P extends StreamProtocol>(
    protocolFactory: ProtocolFactory<P>,
    options: UnixConnectionOptions,
  ): Awaitable<[StreamTransport, P]> {
    return startFunction(() => createUnixConnection(this, protocolFactory, options), {
      loop: this,
      discard: ([transport]) => transport.abort(),
    });
  }

  /**
   * Opens a server on a Unix socket. When cancelled, it leaves no server behind. Python: loop.create_unix_server(). See
   * UnixServerOptions.
   */
  createUnixServer(protocolFactory: ProtocolFactory, options: UnixServerOptions): Awaitable<Server> {
    return startFunction(() => createUnixServer(this, protocolFactory, options), {
      loop: this,
      discard: (server) => server.close(),
    });
  }

  /**
   * Makes a socket of datagrams, with a transport and a protocol. When cancelled, it leaves no socket behind. Python:
   * loop.create_datagram_endpoint(). See DatagramOptions.
   */
  createDatagramEndpoint<P extends DatagramProtocol>(
    protocolFactory: () => P,
    options: DatagramOptions,
  ): Awaitable<[DatagramTransport, P]> {
    return startFunction(() => createDatagramEndpoint(this, protocolFactory, options), {
      loop: this,
      discard: ([transport]) => transport.abort(),
    });
  }

  /** Creates a transport for a connection that other code has accepted. Python: loop.connect_accepted_socket(). */
  connectAcceptedSocket<P extends StreamProtocol>(
    protocolFactory: ProtocolFactory<P>,
    sock: Socket,
    options: AcceptedSocketOptions = {},
  ): Awaitable<[StreamTransport, P]> {
    return startFunction(() => connectAcceptedSocket(this, protocolFactory, sock, options), {
      loop: this,
      discard: ([transport]) => transport.abort(),
    });
  }

  /**
   * Lets a connection go on here, under a new protocol, that `transport.detach()` has taken out of a transport of this or
   * another loop. The protocol is called as for a new connection: connectionMade, then what arrives from now on. If the
   * protocol cannot be made, the connection is closed. Python has no counterpart. Rejects with TransportStateError
   * ERR_CONNECTION_GONE when the connection was closed, attached or sent on; with the system's error, such as EMFILE, when
   * it could not be taken from the other thread, which then still has it; and with TypeError when it is something else.
   */
  attachConnection<P extends StreamProtocol>(
    protocolFactory: ProtocolFactory<P>,
    connection: DetachedConnection,
  ): Awaitable<[StreamTransport, P]> {
    return startFunction(() => attachConnection(this, protocolFactory, connection), {
      loop: this,
      discard: ([transport]) => transport.abort(),
    });
  }

  /**
   * Reads a pipe, FIFO, terminal or socket. The transport owns it, and closes it at the end; standard input, output and error stay
   * open. The open file stays blocking for other processes that have it. Python: loop.connect_read_pipe().
   * @throws {TypeError} when `pipe` has no descriptor, or is a regular file or a directory; it stays open then
   * @throws {RangeError} when the number of the descriptor is none, as that of a closed file
   * @throws {SystemError} such as EBADF
   * @throws {NoEpollError} ERR_NO_EPOLL in a loop on Node's handles, for devices that are no terminals
   * @throws {TransportStateError} ERR_FD_IN_TRANSPORT when a transport of this loop owns the descriptor
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   */
  connectReadPipe<P extends ReadPipeProtocol>(
    protocolFactory: () => P,
    pipe: PipeLike,
  ): Awaitable<[ReadPipeTransport, P]> {
    return startFunction(() => connectReadPipe(this, protocolFactory, pipe), {
      loop: this,
      discard: ([transport]) => transport.close(),
    });
  }

  /**
   * Writes into a pipe, FIFO, terminal, socket or another character device, such as `/dev/null`. The transport owns it, as that of
   * `connectReadPipe()`. Python: loop.connect_write_pipe(). Throws as `connectReadPipe()`.
   */
  connectWritePipe<P extends WritePipeProtocol>(
    protocolFactory: () => P,
    pipe: PipeLike,
  ): Awaitable<[WritePipeTransport, P]> {
    return startFunction(() => connectWritePipe(this, protocolFactory, pipe), {
      loop: this,
      discard: ([transport]) => transport.abort(),
    });
  }

  /**
   * Starts a program, with pipes to its stdin, stdout and stderr unless the options say otherwise. When cancelled, it kills the
   * process, and waits until it has ended. Python: loop.subprocess_exec(). See SubprocessOptions. Rejects with
   * - the system's error: ENOENT when there is no such program or directory, EACCES when it may not be executed, E2BIG when the
   *   arguments are too long; `path` and `spawnargs` are as in Node's error
   * - TypeError, RangeError when an argument or option is wrong, or asks for text; `text`, `encoding`, `shell` and the like are refused
   *   as asyncio refuses them
   * - LoopStateError ERR_LOOP_CLOSED
   * @param program looked for in the PATH of the process, unless it has a slash
   * @param args without the program
   */
  subprocessExec<P extends SubprocessProtocol>(
    protocolFactory: SubprocessProtocolFactory<P>,
    program: SystemText,
    args: readonly SystemText[] = [],
    options: SubprocessOptions = {},
  ): Awaitable<Subprocess<P>> {
    return startFunction(() => subprocessExec(this, protocolFactory, program, args, options), {
      loop: this,
      discard: ([transport]) => transport.close(),
    });
  }

  /**
   * Runs a command of the shell, `/bin/sh`. Quote what comes from outside, or better use `subprocessExec()`: the shell would run it.
   * Python: loop.subprocess_shell(). Otherwise as `subprocessExec()`; a program that is missing is the shell's affair, which ends with
   * return code 127.
   */
  subprocessShell<P extends SubprocessProtocol>(
    protocolFactory: SubprocessProtocolFactory<P>,
    command: SystemText,
    options: SubprocessOptions = {},
  ): Awaitable<Subprocess<P>> {
    return startFunction(() => subprocessShell(this, protocolFactory, command, options), {
      loop: this,
      discard: ([transport]) => transport.close(),
    });
  }

  /**
   * Encrypts the connection of a transport: makes the handshake, and resolves with a new transport for `protocol`, whose connectionMade
   * is not called. The old transport must not be used any more. What was written to it is sent in the clear first. If this rejects, or
   * is cancelled, the connection is closed. Python: loop.start_tls(). Rejects with
   * - TypeError when `transport` is none of this loop's streams, or has TLS already, or `ssl` is wrong;
   * - TransportStateError ERR_TRANSPORT_CLOSING;
   * - SslError when the handshake fails, or the peer's certificate is refused;
   * - a system error ECONNABORTED when it takes longer than `sslHandshakeTimeout`, ECONNRESET when the peer closes the connection.
   */
  startTls(
    transport: Transport,
    protocol: StreamProtocol,
    ssl: Ssl,
    options: StartTlsOptions = {},
  ): Awaitable<StreamTransport> {
    return startFunction(() => startTls(this, transport, protocol, ssl, options), {
      loop: this,
      discard: (upgraded) => upgraded.abort(),
    });
  }

  /** Also closes the sockets of transports and servers that are still open, without calling their protocols. */
  override close(): void {
    if (this.isClosed()) return;
    super.close();
    this.#net.poll.stop();
    this.#net.close();
  }

  override watchesDescriptors(): boolean {
    return this.#net.watching;
  }

  protected override started(): void {
    this.#net.poll.start();
  }

  protected override stopped(): void {
    this.#net.poll.stop();
  }

  protected override pollEvents(): void {
    this.#net.collect((handle) => this.addReady(handle));
  }

  #watch(file: FileDescriptorLike, direction: Direction, handle: Handle): void {
    const fd = this.#freeFileno(file);
    this.checkClosed();
    this.#net.selector.watch(fd, direction, handle);
  }

  /**
   * Returns the number of a descriptor. Throws if a transport of this loop owns it, because the transport uses its
   * reader and its writer.
   */
  #freeFileno(file: FileDescriptorLike): number {
    const fd = toFileno(file);
    this.#net.checkFree(fd);
    return fd;
  }
}
