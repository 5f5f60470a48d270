/**
 * Constants of the Linux headers that libc calls take: <bits/socket.h>, <asm-generic/socket.h>, <netinet/tcp.h>,
 * <sys/epoll.h>, <fcntl.h>. They are the same on every architecture that koffi has a Linux build for. Names as in
 * Python's `socket`.
 */

/** Bytes of an address in memory. */
export const POINTER_BYTES = process.arch === 'ia32' || process.arch === 'arm' ? 4 : 8;

/** Address family: any. */
export const AF_UNSPEC = 0;
/** Address family: Unix sockets. */
export const AF_UNIX = 1;
/** Address family: IPv4. */
export const AF_INET = 2;
/** Address family: IPv6. */
export const AF_INET6 = 10;

/** Socket type: a stream of bytes, as TCP. */
export const SOCK_STREAM = 1;
/** Socket type: datagrams, as UDP. */
export const SOCK_DGRAM = 2;
/** Socket type: raw network protocol access. */
export const SOCK_RAW = 3;
/** Flag of socket() and accept4(): as O_NONBLOCK. */
export const SOCK_NONBLOCK = 0o4000;
/** Flag of socket() and accept4(): as FD_CLOEXEC. */
export const SOCK_CLOEXEC = 0o2000000;
/** The largest backlog that the headers name; the system caps it at net.core.somaxconn. */
export const SOMAXCONN = 4096;

/** Level of the SO_ options. */
export const SOL_SOCKET = 1;
/** Bool: bind an address that old connections still use. */
export const SO_REUSEADDR = 2;
/** Read only: the socket type, SOCK_STREAM or SOCK_DGRAM. */
export const SO_TYPE = 3;
/** Read only: the pending error's errno, or 0; reading clears it. */
export const SO_ERROR = 4;
/** Bool: datagrams may go to broadcast addresses. */
export const SO_BROADCAST = 6;
/** Bytes of the system's send buffer; reads as twice what was set. */
export const SO_SNDBUF = 7;
/** Bytes of the system's receive buffer; reads as twice what was set. */
export const SO_RCVBUF = 8;
/** Bool: probe idle connections. */
export const SO_KEEPALIVE = 9;
/** Two ints, `struct linger`: on or off, and the seconds that closing may take. */
export const SO_LINGER = 13;
/** Bool: several sockets share one address and port. */
export const SO_REUSEPORT = 15;
/** Read only bool: the socket is listening. */
export const SO_ACCEPTCONN = 30;
/** Read only: the protocol, such as IPPROTO_TCP. */
export const SO_PROTOCOL = 38;
/** Read only: the address family. */
export const SO_DOMAIN = 39;
/** Read only: the kernel's number of the socket, 64 bits; no other socket ever has it. */
export const SO_COOKIE = 57;

/** Protocol IP, and level of the IP_ options. */
export const IPPROTO_IP = 0;
/** Type of service of the packets that are sent. */
export const IP_TOS = 1;
/** Routers that a packet may pass. */
export const IP_TTL = 2;
/** The interface for multicast datagrams that are sent. */
export const IP_MULTICAST_IF = 32;
/** Routers that a multicast datagram may pass. */
export const IP_MULTICAST_TTL = 33;
/** Bool: this machine gets the multicast datagrams that it sends. */
export const IP_MULTICAST_LOOP = 34;
/** Enters a multicast group. */
export const IP_ADD_MEMBERSHIP = 35;
/** Leaves a multicast group. */
export const IP_DROP_MEMBERSHIP = 36;
/** Protocol TCP, and level of the TCP_ options. */
export const IPPROTO_TCP = 6;
/** Protocol UDP. */
export const IPPROTO_UDP = 17;
/** Level of the IPV6_ options. */
export const IPPROTO_IPV6 = 41;
/** Routers that a packet may pass. */
export const IPV6_UNICAST_HOPS = 16;
/** The interface for multicast datagrams that are sent. */
export const IPV6_MULTICAST_IF = 17;
/** Routers that a multicast datagram may pass. */
export const IPV6_MULTICAST_HOPS = 18;
/** Bool: this machine gets the multicast datagrams that it sends. */
export const IPV6_MULTICAST_LOOP = 19;
/** Enters a multicast group. */
export const IPV6_JOIN_GROUP = 20;
/** Leaves a multicast group. */
export const IPV6_LEAVE_GROUP = 21;
/** Traffic class of the packets that are sent. */
export const IPV6_TCLASS = 67;
/** Bool: no IPv4 through this IPv6 socket. */
export const IPV6_V6ONLY = 26;
/** Bool: send small packets at once, without Nagle's algorithm. */
export const TCP_NODELAY = 1;
/** Idle seconds before the first keep-alive probe. */
export const TCP_KEEPIDLE = 4;
/** Seconds between keep-alive probes. */
export const TCP_KEEPINTVL = 5;
/** Unanswered keep-alive probes that end a connection. */
export const TCP_KEEPCNT = 6;
/** Milliseconds that sent data may stay unacknowledged before the connection ends; 0 for the system's default. */
export const TCP_USER_TIMEOUT = 18;

/** Flag of getaddrinfo(): without a host, the addresses to listen on. */
export const AI_PASSIVE = 0x1;
/** Flag of getaddrinfo(): also the host's canonical name. */
export const AI_CANONNAME = 0x2;
/** Flag of getaddrinfo(): the host is an IP address, and is not looked up. */
export const AI_NUMERICHOST = 0x4;
/** Flag of getaddrinfo(): where there is no IPv6 address, IPv4 addresses as IPv6. */
export const AI_V4MAPPED = 0x8;
/** Flag of getaddrinfo(): with AI_V4MAPPED, IPv6 addresses and IPv4 addresses. */
export const AI_ALL = 0x10;
/** Flag of getaddrinfo(): only families of which this machine has an address. */
export const AI_ADDRCONFIG = 0x20;
/** Flag of getaddrinfo(): the port is a number, and is not looked up. */
export const AI_NUMERICSERV = 0x400;

/** Flag of getnameinfo(): the host as an IP address. */
export const NI_NUMERICHOST = 0x1;
/** Flag of getnameinfo(): the port as a number. */
export const NI_NUMERICSERV = 0x2;
/** Flag of getnameinfo(): only the first part of the name of a host in this domain. */
export const NI_NOFQDN = 0x4;
/** Flag of getnameinfo(): an error if the host has no name. */
export const NI_NAMEREQD = 0x8;
/** Flag of getnameinfo(): the name of a service of datagrams, where it differs from the one of streams. */
export const NI_DGRAM = 0x10;

/** Results of getaddrinfo() and getnameinfo(): what has failed. <netdb.h> of glibc; musl has the same values. */
export const EAI = {
  EAI_BADFLAGS: -1,
  EAI_NONAME: -2,
  EAI_AGAIN: -3,
  EAI_FAIL: -4,
  EAI_NODATA: -5,
  EAI_FAMILY: -6,
  EAI_SOCKTYPE: -7,
  EAI_SERVICE: -8,
  EAI_ADDRFAMILY: -9,
  EAI_MEMORY: -10,
  EAI_SYSTEM: -11,
  EAI_OVERFLOW: -12,
} as const;

/** shutdown(): no more reading. */
export const SHUT_RD = 0;
/** shutdown(): no more writing; the peer sees the end of the stream. */
export const SHUT_WR = 1;
/** shutdown(): neither reading nor writing. */
export const SHUT_RDWR = 2;
/** Flag of recv(): leave the data in the queue. */
export const MSG_PEEK = 0x2;
/** Flag of recv() and send(): this call does not wait. */
export const MSG_DONTWAIT = 0x40;
/** Flag of send(): EPIPE without SIGPIPE. */
export const MSG_NOSIGNAL = 0x4000;

/** lseek(): count from the start of the file. */
export const SEEK_SET = 0;

/** fcntl(): read the descriptor's flags. */
export const F_GETFD = 1;
/** fcntl(): set the descriptor's flags. */
export const F_SETFD = 2;
/** fcntl(): read the open file's status flags. */
export const F_GETFL = 3;
/** fcntl(): set the open file's status flags. */
export const F_SETFL = 4;
/** fcntl(): duplicate, close-on-exec. */
export const F_DUPFD_CLOEXEC = 1030;
/** Descriptor flag: closed by exec(). */
export const FD_CLOEXEC = 1;
/** Status flag: calls fail with EAGAIN instead of waiting. */
export const O_NONBLOCK = 0o4000;
/** Flag of open(): only reading. */
export const O_RDONLY = 0;
/** Flag of open(): only writing. */
export const O_WRONLY = 1;
/** Mode of open(): reading and writing. */
export const O_RDWR = 2;
/** Mask of the modes of open(). */
export const O_ACCMODE = 3;
/** Flag of open(): each write goes to the end of the file. */
export const O_APPEND = 0o2000;
/** Flag of open(): a terminal does not become the process's. */
export const O_NOCTTY = 0o400;
/** Flag of open() and dup3(): as FD_CLOEXEC. */
export const O_CLOEXEC = 0o2000000;

/** Flag of epoll_create1(): as FD_CLOEXEC. */
export const EPOLL_CLOEXEC = 0o2000000;
/** epoll_ctl(): watch a descriptor. */
export const EPOLL_CTL_ADD = 1;
/** epoll_ctl(): stop watching a descriptor. */
export const EPOLL_CTL_DEL = 2;
/** epoll_ctl(): change what is watched for. */
export const EPOLL_CTL_MOD = 3;
/** Event: the descriptor can be read. */
export const EPOLLIN = 0x1;
/** Event: the descriptor can be written. */
export const EPOLLOUT = 0x4;
/** Flag of a registration: report changes, not states. */
export const EPOLLET = -0x8000_0000;
/** Flag of eventfd(): as O_NONBLOCK. */
export const EFD_NONBLOCK = 0o4000;
/** Flag of eventfd(): as FD_CLOEXEC. */
export const EFD_CLOEXEC = 0o2000000;
/** Bytes of `struct epoll_event`: packed on x86-64 and naturally so on ia32, padded elsewhere. */
export const EPOLL_EVENT_BYTES = process.arch === 'x64' || process.arch === 'ia32' ? 12 : 16;
/** Offset of the descriptor in `struct epoll_event`, in bytes. */
export const EPOLL_DATA_OFFSET = EPOLL_EVENT_BYTES - 8;
