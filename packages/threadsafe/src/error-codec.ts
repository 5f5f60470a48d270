/**
 * Errors across threads. Structured clone keeps neither class nor `name` of a custom error, nor `code`, nor the errors of
 * an AggregateError; so they travel as plain objects and are put together again from the class of the same name.
 */
import { inspect } from 'node:util';
import {
  BrokenBarrierError,
  CancelledError,
  DeadlockError,
  ExceptionGroup,
  InternalError,
  InvalidStateError,
  KeyboardInterrupt,
  LoopStateError,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  SystemExit,
  TimeoutError,
} from '@ringloop/core';
import { inspectSafely } from '@ringloop/core/internal';
import {
  CloneError,
  MainThreadError,
  NameTakenError,
  NotExposedError,
  PeerExitedError,
  RemoteFunctionError,
  RingFullError,
  TooManyProducersError,
} from './errors.js';
import type { Wire } from './sendable.js';

/** What of an error crosses: parts that structured clone keeps, and those that packing.ts has packed. */
export interface ErrorWire extends Wire {
  readonly kind: 'Error';
  /** Its class and those it extends, up to Error. */
  readonly classNames?: readonly string[];
  readonly name?: string;
  readonly message?: string;
  readonly stack?: string | undefined;
  readonly isDOMException?: boolean;
  /** Own properties that are not enumerable: `cause`, and the `errors` of an AggregateError. */
  readonly hidden?: Readonly<Record<string, unknown>>;
  readonly properties?: Readonly<Record<string, unknown>>;
}

type ErrorClass = abstract new (...args: never[]) => Error;

const classes = new Map<string, ErrorClass>();

/**
 * Lets errors of this class keep it when they cross into this thread: call it in each thread that receives them. They are
 * put together without calling the constructor.
 * @throws {TypeError} when the class has no name of its own, or another class has it already
 */
export function registerErrorClass(errorClass: ErrorClass): void {
  const known = classes.get(errorClass.name);
  if (errorClass.name === '' || (known !== undefined && known !== errorClass)) {
    throw new TypeError(
      `Cannot register an error class as ${inspect(errorClass.name)}: the name is empty or taken`,
    );
  }
  classes.set(errorClass.name, errorClass);
}

for (const errorClass of [
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
]) {
  registerErrorClass(errorClass);
}
for (const errorClass of [
  BrokenBarrierError,
  CancelledError,
  DeadlockError,
  ExceptionGroup,
  InternalError,
  InvalidStateError,
  KeyboardInterrupt,
  LoopStateError,
  QueueEmpty,
  QueueFull,
  QueueShutDown,
  SystemExit,
  TimeoutError,
]) {
  registerErrorClass(errorClass);
}
for (const errorClass of [
  CloneError,
  MainThreadError,
  NameTakenError,
  NotExposedError,
  PeerExitedError,
  RemoteFunctionError,
  RingFullError,
  TooManyProducersError,
]) {
  registerErrorClass(errorClass);
}

/** Own properties of errors that are not enumerable: ES2022, and SuppressedError of ES2026. */
const HIDDEN = ['cause', 'errors', 'error', 'suppressed'];

/** Takes an error apart. @param pack packs what hangs on it; null: leave it */
export function errorParts(
  error: Error,
  pack: ((value: unknown) => unknown) | null,
): Omit<ErrorWire, 'kind'> {
  return {
    classNames: classNames(error),
    name: text(error, 'name') ?? 'Error',
    message: text(error, 'message') ?? '',
    stack: text(error, 'stack'),
    isDOMException: error instanceof DOMException,
    ...(pack === null
      ? {}
      : {
          hidden: partsOf(
            error,
            pack,
            HIDDEN.filter((key) => isHidden(error, key)),
          ),
          properties: partsOf(error, pack, Object.keys(error)),
        }),
  };
}

/** An error of the class that was sent, or of the nearest that is known here; no constructor of a user is called. */
export function createError(wire: ErrorWire): Error {
  const { classNames = [], name = 'Error', message = '', isDOMException = false, stack } = wire;
  const error = withoutTrace(() => (isDOMException ? new DOMException(message, name) : new Error(message)));
  const [className = 'Error'] = classNames;
  const known = classNames.find((each) => classes.has(each)) ?? 'Error';
  if (!isDOMException) {
    // The internal slot that makes it an error comes from Error, all else from the prototype.
    Object.setPrototypeOf(error, classes.get(known)?.prototype as object);
    // A class that is not known here is at least named, unless it has named itself.
    if (known !== className) define(error, 'name', name === known ? className : name);
  }
  define(error, 'stack', stack);
  return error;
}

/** It gets the stack of the one that was sent: to take one here, and to format it, costs tens of microseconds. */
function withoutTrace(create: () => Error): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return create();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Gives it what hung on it. @param unpack unpacks what is inside */
export function fillError(error: Error, wire: ErrorWire, unpack: (value: unknown) => unknown): void {
  for (const [key, value] of Object.entries(wire.hidden ?? {})) define(error, key, unpack(value));
  // Defined, not assigned: the class may have a getter of that name, and no setter.
  for (const [key, value] of Object.entries(wire.properties ?? {})) {
    Object.defineProperty(error, key, {
      value: unpack(value),
      writable: true,
      configurable: true,
      enumerable: true,
    });
  }
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}

function classNames(error: Error): string[] {
  const names: string[] = [];
  for (let p = prototypeOf(error); p !== null && p !== Object.prototype; p = prototypeOf(p)) {
    const { constructor: errorClass } = p;
    if (typeof errorClass === 'function' && errorClass.name !== '') names.push(errorClass.name);
  }
  return names;
}

function prototypeOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null;
}

/** A class may have made them anything, and Error.prepareStackTrace the stack. */
function text(error: Error, key: 'name' | 'message' | 'stack'): string | undefined {
  const value = read(error, key);
  return typeof value === 'string' || value === undefined ? value : inspectSafely(value);
}

/** A getter that throws must not keep an error from arriving. */
function read(error: Error, key: string): unknown {
  try {
    return error[key as keyof Error];
  } catch (thrown) {
    return `[Getter threw ${inspectSafely(thrown)}]`;
  }
}

function partsOf(
  error: Error,
  pack: (value: unknown) => unknown,
  keys: readonly string[],
): Record<string, unknown> {
  const parts: Record<string, unknown> = {};
  for (const key of keys) {
    if (key === '__proto__') continue; // it is no name for a part of an error
    const value = read(error, key);
    // One error that cannot be sent must not take the others with it.
    parts[key] = Array.isArray(value)
      ? value.map((each) => sendableOrText(each, pack))
      : sendableOrText(value, pack);
  }
  return parts;
}

function isHidden(error: Error, key: string): boolean {
  return Object.hasOwn(error, key) && !Object.prototype.propertyIsEnumerable.call(error, key);
}

/** The value packed, or how it looks where it cannot be sent: an error must arrive, whatever hangs on it. */
export function sendableOrText(value: unknown, pack: (value: unknown) => unknown): unknown {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return value;
  if (value instanceof Error) return pack(value);
  try {
    const packed = pack(value);
    structuredClone(packed);
    return packed;
  } catch {
    return inspectSafely(value);
  }
}
