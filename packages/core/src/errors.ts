import { types } from 'node:util';
import { inspectSafely } from './debug/inspect-safely.js';

/**
 * A loop was asked for something that its present state forbids.
 * Python: RuntimeError('Event loop is closed') and the like.
 */
export class LoopStateError extends Error {
  override readonly name = 'LoopStateError';
  readonly code: LoopStateCode;

  constructor(message: string, code: LoopStateCode, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The values of LoopStateError's `code`. */
export type LoopStateCode =
  | 'ERR_LOOP_CLOSED'
  | 'ERR_LOOP_RUNNING'
  | 'ERR_OTHER_LOOP_RUNNING'
  | 'ERR_LOOP_STOPPED'
  | 'ERR_NO_RUNNING_LOOP'
  | 'ERR_NO_CURRENT_LOOP'
  | 'ERR_OTHER_LOOP'
  | 'ERR_OTHER_COPY'
  | 'ERR_EXECUTOR_SHUTDOWN'
  | 'ERR_NO_EXECUTOR';

/** The task or future was cancelled. Rethrow it after cleaning up. Python: asyncio.CancelledError. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
  readonly code = 'ERR_CANCELLED';
}

/**
 * An object was asked for something that its present state forbids: a future was settled twice or read too early, a
 * lock was released that nobody holds, a task group or runner was used after its end.
 * Python: asyncio.InvalidStateError, and RuntimeError in the other classes.
 */
export class InvalidStateError extends Error {
  override readonly name = 'InvalidStateError';
  readonly code = 'ERR_INVALID_STATE';
}

/** The time limit passed before the wait was over. Python: TimeoutError. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
  readonly code = 'ERR_TIMEOUT';
}

/** `getNowait()` found no item. Python: asyncio.QueueEmpty. */
export class QueueEmpty extends Error {
  override readonly name = 'QueueEmpty';
  readonly code = 'ERR_QUEUE_EMPTY';
}

/** `putNowait()` found no room. Python: asyncio.QueueFull. */
export class QueueFull extends Error {
  override readonly name = 'QueueFull';
  readonly code = 'ERR_QUEUE_FULL';
}

/**
 * The queue was shut down: no item can be put into it, and none can be got once it is empty.
 * Python: asyncio.QueueShutDown.
 */
export class QueueShutDown extends Error {
  override readonly name = 'QueueShutDown';
  readonly code = 'ERR_QUEUE_SHUT_DOWN';
}

/** The barrier was aborted, or was reset while the task waited at it. Python: asyncio.BrokenBarrierError. */
export class BrokenBarrierError extends Error {
  override readonly name = 'BrokenBarrierError';
  readonly code = 'ERR_BROKEN_BARRIER';
}

/** Several errors at once, in `errors`. `TaskGroup` rejects with it. Python: ExceptionGroup. */
export class ExceptionGroup extends AggregateError {
  override readonly name = 'ExceptionGroup';
  readonly code = 'ERR_EXCEPTION_GROUP';
  declare readonly errors: Error[];

  constructor(message: string, errors: readonly Error[], options?: ErrorOptions) {
    super(errors, message, options);
  }
}

/**
 * In virtual time: nothing is ready and nothing is scheduled, so the future that the loop runs for can never be done.
 */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';
  readonly code = 'ERR_DEADLOCK';
}

/** Ends the running loop: it is not passed to the exception handler, but rejects `runForever()`. Python: SystemExit. */
export class SystemExit extends Error {
  override readonly name = 'SystemExit';
  readonly code = 'ERR_SYSTEM_EXIT';
  readonly exitCode: number;

  constructor(exitCode = 0) {
    super(`Exit with code ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/** Ends the running loop, like `SystemExit`, because the user pressed Ctrl-C. Python: KeyboardInterrupt. */
export class KeyboardInterrupt extends Error {
  override readonly name = 'KeyboardInterrupt';
  readonly code = 'ERR_KEYBOARD_INTERRUPT';
}

/** An invariant of ringloop itself is broken. Please report it. */
export class InternalError extends Error {
  override readonly name = 'InternalError';
  readonly code = 'ERR_INTERNAL';

  constructor(message: string, options?: ErrorOptions) {
    super(`${message} (this is a bug in ringloop, please report it)`, options);
  }
}

/** The two errors that end the loop instead of being reported. */
export function endsTheLoop(exc: unknown): exc is SystemExit | KeyboardInterrupt {
  return isA(exc, SystemExit) || isA(exc, KeyboardInterrupt);
}

/** `instanceof` that does not throw if `thrown` is a Proxy that throws. */
function isA<T>(thrown: unknown, errorClass: new (...args: never[]) => T): thrown is T {
  try {
    return thrown instanceof errorClass;
  } catch {
    return false;
  }
}

/**
 * Whether `value` is an error of any realm. In jest, in vitest's vm pools and in node:vm, `Error` is not the class of
 * the errors that Node itself throws. Throws for a Proxy that throws when it is inspected.
 */
export function isError(value: unknown): value is Error {
  return types.isNativeError(value) || value instanceof Error;
}

/**
 * Returns an error as it is, even one of another realm, and wraps anything else. JavaScript may throw any value, but
 * reports and rejections carry errors.
 */
export function toError(thrown: unknown): Error {
  return isA(thrown, Error) || types.isNativeError(thrown)
    ? thrown
    : new Error(`Thrown: ${inspectSafely(thrown)}`, { cause: thrown });
}

/** A TypeError with a stable code. */
export function typeError(message: string, code = 'ERR_INVALID_ARG_TYPE'): TypeError & { code: string } {
  return Object.assign(new TypeError(message), { code });
}

/** A RangeError with a stable code, for a value that is wrong although its type is right. Python: ValueError. */
export function rangeError(message: string, code = 'ERR_OUT_OF_RANGE'): RangeError & { code: string } {
  return Object.assign(new RangeError(message), { code });
}

/**
 * The cancellation that `thrown` stands for, or null. It stands for one if it is
 * - a CancelledError;
 * - the AbortError of a Node function whose AbortSignal a cancellation has aborted;
 * - the error of a Promise.any() whose promises were all cancelled.
 */
export function asCancellation(thrown: unknown): CancelledError | null {
  try {
    return cancellationIn(thrown);
  } catch {
    return null; // a Proxy that throws
  }
}

function cancellationIn(thrown: unknown): CancelledError | null {
  if (thrown instanceof CancelledError) return thrown;
  if (!isError(thrown)) return null;
  if (thrown.name === 'AbortError') return thrown.cause instanceof CancelledError ? thrown.cause : null;
  if (!isAggregate(thrown)) return null;
  const [first, ...others] = thrown.errors;
  return first instanceof CancelledError && others.every((each) => each instanceof CancelledError)
    ? first
    : null;
}

/** Whether `error` is what Promise.any() throws, in any realm. An ExceptionGroup, which somebody has made, is not. */
function isAggregate(error: Error): error is AggregateError & { readonly errors: unknown[] } {
  if (error instanceof AggregateError) return !(error instanceof ExceptionGroup);
  return error.name === 'AggregateError' && 'errors' in error && Array.isArray(error.errors);
}

/**
 * Makes a CancelledError with one stack frame. Its stack would only show frames of the loop, and in a long chain of
 * tasks that await each other the engine takes milliseconds for each stack.
 */
export function cancelledError(message?: string): CancelledError {
  const { stackTraceLimit } = Error;
  Reflect.set(Error, 'stackTraceLimit', 1); // does nothing if the intrinsics are frozen
  const error = new CancelledError(message);
  Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  return error;
}

/** The message of a cancellation, if it has one. */
export function messageOf(error: CancelledError): string | undefined {
  return error.message === '' ? undefined : error.message;
}
