// Descriptors and sockets for the loop: on Linux with epoll, elsewhere on Node's own handles.
//
// (root)       SelectorEventLoop, whose methods are one line each, what carries its sockets (choose-net), and what they share (loop-net).
// libc/        System calls that return -errno and never throw, and the native library that makes them.
// wakeup/      How libuv wakes this thread: for our epoll descriptor, and when another thread writes to its eventfd.
// selector/    Which handle to run for which descriptor: one epoll descriptor for each loop.
// node-handles/ Where there is no epoll: Node's own handles, with the calls of sockets, and a selector for them.
// sockets/     Sockets with their descriptors and addresses.
// names/       Host names as addresses.
// transports/  The life of a connection, from connectionMade() to connectionLost(): reading, writing, flow control, closing;
//              and of a socket of datagrams.
// connect/     Connections and sockets of datagrams that we open, and connections that other code has accepted.
// tls/         TLS on Node's own TLSSocket: handshakes, and what transports and servers need of them.
// pipes/       Transports of pipes, FIFOs and terminals, one for each direction.
// sock-calls/  The `sock…` methods of the loop: system calls of a socket that wait until it is ready.
// sendfile/    Files that are sent on sockets and transports, by the system itself or by reading.
// server/      Listening sockets, and the connections that they accept.
// processes/   Child processes: started, connected by pipes, and waited for.
// streams/     Connections for tasks: a reader that is awaited and a writer, and a connection as a stream of Node.
export type { AcceptedSocketOptions } from './connect/connect-accepted-socket.js';
export type { ConnectionOptions } from './connect/create-connection.js';
export type { DatagramAddress, DatagramOptions } from './connect/create-datagram-endpoint.js';
export type { DatagramProtocol } from './transports/datagram-protocol.js';
export { type NodeSocketOptions, toNodeSocket } from './connect/to-node-socket.js';
export type { UnixConnectionOptions } from './connect/create-unix-connection.js';
export type { ServerOptions } from './server/create-server.js';
export type { UnixServerOptions } from './server/create-unix-server.js';
export type { UnixPath } from './sockets/unix-path.js';
export type { NetBackend } from './choose-net.js';
export type { AddressInfo, AddressInfoOptions } from './names/address-info.js';
export type { NameInfoAddress } from './names/getnameinfo.js';
export {
  IncompleteReadError,
  LimitOverrunError,
  NativeCallsError,
  NoEpollError,
  ResolutionError,
  SendfileNotAvailableError,
  ServerStateError,
  SslError,
  TransportStateError,
} from './errors.js';
export type { FileLike } from './sendfile/file-like.js';
export type { SendfileOptions } from './sendfile/sendfile-options.js';
export type { FileDescriptorLike } from './sockets/file-descriptor.js';
export type { WriteBufferLimits } from './transports/flow-control.js';
export {
  AF_INET,
  AF_INET6,
  AF_UNIX,
  AF_UNSPEC,
  AI_ADDRCONFIG,
  AI_ALL,
  AI_CANONNAME,
  AI_NUMERICHOST,
  AI_NUMERICSERV,
  AI_PASSIVE,
  AI_V4MAPPED,
  IP_ADD_MEMBERSHIP,
  IP_DROP_MEMBERSHIP,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPV6_JOIN_GROUP,
  IPV6_LEAVE_GROUP,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPPROTO_IPV6,
  IPPROTO_TCP,
  IPPROTO_UDP,
  IPV6_V6ONLY,
  MSG_PEEK,
  NI_DGRAM,
  NI_NAMEREQD,
  NI_NOFQDN,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  SHUT_RD,
  SHUT_RDWR,
  SHUT_WR,
  SO_ACCEPTCONN,
  SO_BROADCAST,
  SO_DOMAIN,
  SO_ERROR,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_PROTOCOL,
  SO_RCVBUF,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_TYPE,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
  SOL_SOCKET,
  SOMAXCONN,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
  TCP_USER_TIMEOUT,
} from './libc/linux-abi.js';
export type {
  BaseProtocol,
  BufferedProtocol,
  Protocol,
  ProtocolFactory,
  StreamProtocol,
} from './transports/protocol.js';
export { type NetOptions, SelectorEventLoop } from './selector-event-loop.js';
export { Server } from './server/server.js';
export type { PipeLike, WithFd, WithFileno } from './pipes/pipe-like.js';
export type { ReadPipeProtocol, WritePipeProtocol } from './pipes/pipe-protocols.js';
export { ReadPipeTransport } from './pipes/read-pipe-transport.js';
export { WritePipeTransport } from './pipes/write-pipe-transport.js';
export type { SystemText } from './processes/c-strings.js';
export {
  createSubprocessExec,
  createSubprocessShell,
  type CreateSubprocessOptions,
} from './processes/create-subprocess.js';
export { Process } from './processes/process.js';
export type { SubprocessOptions } from './processes/process-spec.js';
export type { SpawnError } from './processes/spawn-failed.js';
export { type ChildErrorStream, type ChildStream, DEVNULL, PIPE, STDOUT } from './processes/stdio.js';
export type { Subprocess } from './processes/subprocess-exec.js';
export type { SubprocessProtocol, SubprocessProtocolFactory } from './processes/subprocess-protocol.js';
export { SubprocessTransport } from './processes/subprocess-transport.js';
export type { StartTlsOptions } from './tls/start-tls.js';
export type { Ssl, SslOptions, TlsCallOptions, TlsClientOptions } from './tls/ssl-options.js';
export type { Port } from './sockets/service-port.js';
export type { AddressInput, InetAddressInput, SocketAddress } from './sockets/sockaddr.js';
export type { NetworkInterface } from './sockets/multicast.js';
export type {
  ReadableSocketOptionValues,
  ReadOnlySocketOptionValues,
  SocketOptionName,
  SocketOptionValues,
} from './sockets/named-options.js';
export type { SocketTicket } from './sockets/socket-ticket.js';
export { Socket, type SocketOptions } from './sockets/socket.js';
export { DetachedConnection, type DetachedState } from './transports/detached-connection.js';
export { type DetachOptions, StreamTransport } from './transports/stream-transport.js';
export type { SystemError } from './libc/system-error.js';
export type {
  BaseTransport,
  DatagramTransport,
  ReadTransport,
  Transport,
  WriteTransport,
} from './transports/transport.js';
export { TransportSocket } from './sockets/transport-socket.js';
export { duplexFrom } from './streams/duplex-from.js';
export { readerFrom } from './streams/reader-from.js';
export type { TransportDuplexOptions } from './streams/transport-duplex.js';
export {
  openConnection,
  type OpenConnectionOptions,
  openUnixConnection,
  type OpenUnixConnectionOptions,
  type Streams,
} from './streams/open-connection.js';
export type { OnConnection } from './streams/start-handler.js';
export {
  startServer,
  type StartServerOptions,
  startUnixServer,
  type StartUnixServerOptions,
} from './streams/start-server.js';
export type { StreamLimit } from './streams/stream-limit.js';
export { StreamReader, type StreamReaderOptions } from './streams/stream-reader.js';
export { StreamReaderProtocol, type StreamReaderProtocolOptions } from './streams/stream-reader-protocol.js';
export { StreamWriter, type StreamWriterOptions } from './streams/stream-writer.js';
