/** A transport was asked for something that its present state forbids. Python: RuntimeError. */
export class TransportStateError extends Error {
  override readonly name = 'TransportStateError';
  readonly code:
    | 'ERR_WRITE_AFTER_EOF'
    | 'ERR_FD_IN_TRANSPORT'
    | 'ERR_TRANSPORT_CLOSING'
    | 'ERR_CONNECTION_GONE'
    | 'ERR_NO_HALF_CLOSE'
    | 'ERR_SENDFILE_IN_PROGRESS';

  constructor(message: string, code: TransportStateError['code']) {
    super(message);
    this.code = code;
  }
}

/** A server was asked for something that its present state forbids. Python: RuntimeError. */
export class ServerStateError extends Error {
  override readonly name = 'ServerStateError';
  readonly code: 'ERR_SERVER_CLOSED' | 'ERR_SERVER_BUSY';

  constructor(message: string, code: ServerStateError['code']) {
    super(message);
    this.code = code;
  }
}

/** The C library cannot be called in this process. Sockets and watched descriptors need it; everything else works. */
export class NativeCallsError extends Error {
  override readonly name = 'NativeCallsError';
  readonly code = 'ERR_NATIVE_CALLS_UNAVAILABLE';
}

/**
 * A host has no address, an address no name, or the arguments of the resolver do not fit together. Shaped like Node's errors of
 * `getaddrinfo`, but always with the codes of the C library. Python: socket.gaierror.
 */
export class ResolutionError extends Error {
  override readonly name = 'ResolutionError';
  /** `'EAI_NONAME'`, `'EAI_AGAIN'`, `'EAI_SERVICE'` and the like: see getaddrinfo(3). */
  readonly code: string;
  /** The number of the code in <netdb.h>, which is negative: -2 for EAI_NONAME. */
  readonly errno: number;
  readonly syscall: 'getaddrinfo' | 'getnameinfo';
  /** The host that was asked for; null if there was none. */
  readonly hostname: string | null;

  constructor(
    message: string,
    {
      code,
      errno,
      syscall,
      hostname,
      cause,
    }: Pick<ResolutionError, 'code' | 'errno' | 'syscall' | 'hostname'> & { readonly cause?: unknown },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.errno = errno;
    this.syscall = syscall;
    this.hostname = hostname;
  }
}

/** A stream ended before everything was there that `readexactly()` or `readuntil()` waits for. Python: asyncio.IncompleteReadError. */
export class IncompleteReadError extends Error {
  override readonly name = 'IncompleteReadError';
  readonly code = 'ERR_INCOMPLETE_READ';
  /** What came in before the end. It has been read. */
  readonly partial: Buffer;
  /** How many bytes were asked for; null if it was for a separator. */
  readonly expected: number | null;

  constructor(partial: Buffer, expected: number | null) {
    super(`${partial.length} bytes read on a total of ${expected ?? 'undefined'} expected bytes`);
    this.partial = partial;
    this.expected = expected;
  }
}

/** More bytes than the reader's limit came in before the separator. Python: asyncio.LimitOverrunError. */
export class LimitOverrunError extends Error {
  override readonly name = 'LimitOverrunError';
  readonly code = 'ERR_LIMIT_OVERRUN';
  /** How many bytes can be read without touching the separator. */
  readonly consumed: number;

  constructor(message: string, consumed: number) {
    super(message);
    this.consumed = consumed;
  }
}

/**
 * This loop, or this platform, has no epoll, and so no descriptors: what works on the number of a descriptor cannot be had. `cause` says
 * why, unless the loop was asked to do without. Python: NotImplementedError, as asyncio's proactor loop throws it.
 */
export class NoEpollError extends Error {
  override readonly name = 'NoEpollError';
  readonly code = 'ERR_NO_EPOLL';
}

/**
 * The system cannot send this file on this socket or transport by sendfile(2), and reading it instead was not allowed or is not possible.
 * Python: asyncio.SendfileNotAvailableError.
 */
export class SendfileNotAvailableError extends Error {
  override readonly name = 'SendfileNotAvailableError';
  readonly code = 'ERR_SENDFILE_NOT_AVAILABLE';
}

/**
 * A handshake has failed. `code` is Node's: of OpenSSL, such as 'ERR_SSL_WRONG_VERSION_NUMBER', or why a certificate is refused, such as
 * 'DEPTH_ZERO_SELF_SIGNED_CERT' and 'ERR_TLS_CERT_ALTNAME_INVALID'. `cause` is Node's error, which says more. Python: ssl.SSLError.
 */
export class SslError extends Error {
  override readonly name = 'SslError';
  readonly code: string;

  constructor(message: string, code: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
