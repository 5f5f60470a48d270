/** The ring to the other loop is full and may not grow any more. The call was not made. */
export class RingFullError extends Error {
  override readonly name = 'RingFullError';
  readonly code = 'ERR_RING_FULL';
}

/** The thread of the other loop has ended. Calls that were pending there will get no reply. */
export class PeerExitedError extends Error {
  override readonly name = 'PeerExitedError';
  readonly code = 'ERR_PEER_EXITED';
}

/**
 * The system gives no thread: the user, the container or its memory allows no more, or no descriptors are left for
 * another one. Nothing has run in the thread. The cause is Node's error, ERR_WORKER_INIT_FAILED, whose message names
 * the system's error.
 */
export class ThreadUnavailableError extends Error {
  override readonly name = 'ThreadUnavailableError';
  readonly code = 'ERR_THREAD_UNAVAILABLE';
}

/** More threads call into one loop than its inbox has lanes for. */
export class TooManyProducersError extends Error {
  override readonly name = 'TooManyProducersError';
  readonly code = 'ERR_TOO_MANY_PRODUCERS';
}

/** A function cannot be named to another thread, or the other thread does not find it under that name. */
export class RemoteFunctionError extends Error {
  override readonly name = 'RemoteFunctionError';
  readonly code = 'ERR_REMOTE_FUNCTION';
}

/** An argument, a result or an error cannot be sent to another thread. */
export class CloneError extends Error {
  override readonly name = 'CloneError';
  readonly code = 'ERR_NOT_CLONEABLE';
}

/** No object is exposed under that name, or a lent one has been given back. */
export class NotExposedError extends Error {
  override readonly name = 'NotExposedError';
  readonly code = 'ERR_NOT_EXPOSED';
}

/** Another object is exposed under that name in that loop. */
export class NameTakenError extends Error {
  override readonly name = 'NameTakenError';
  readonly code = 'ERR_NAME_TAKEN';
}

/** The main thread was asked to wait by blocking, which it must not: the whole process depends on it. */
export class MainThreadError extends Error {
  override readonly name = 'MainThreadError';
  readonly code = 'ERR_MAIN_THREAD';
}

/** A signal cannot be handled. Python: RuntimeError of loop.add_signal_handler(). */
export class SignalError extends Error {
  override readonly name = 'SignalError';
  readonly code: SignalErrorCode;

  constructor(message: string, code: SignalErrorCode, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The values of SignalError's `code`. */
export type SignalErrorCode = 'ERR_UNCATCHABLE_SIGNAL' | 'ERR_NO_SIGNAL_HUB' | 'ERR_MAIN_THREAD_BLOCKED';
