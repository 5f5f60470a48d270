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
