/** A transport was asked for something that its present state forbids. Python: RuntimeError. */
export class TransportStateError extends Error {
  override readonly name = 'TransportStateError';
  readonly code: 'ERR_WRITE_AFTER_EOF' | 'ERR_FD_IN_TRANSPORT';

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
 * This loop, or this platform, has no epoll, and so no descriptors: what works on the number of a descriptor cannot be had. `cause` says
 * why, unless the loop was asked to do without. Python: NotImplementedError, as asyncio's proactor loop throws it.
 */
export class NoEpollError extends Error {
  override readonly name = 'NoEpollError';
  readonly code = 'ERR_NO_EPOLL';
}
