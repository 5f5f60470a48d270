/**
 * Sends errors across threads. Structured clone keeps neither the class nor the `name` of a custom error, nor its
 * `code`, nor the errors of an AggregateError. So errors are sent as plain objects, and the receiver rebuilds them with
 * its own class of the same name.
 */
import { inspect, types } from 'node:util';
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
  SignalError,
  ThreadUnavailableError,
  TooManyProducersError,
} from '../errors.js';
import type { Wire } from './sendable.js';
import { isError, isObject } from './survey.js';

/** The parts that every error has and that can always be sent. */
interface Described {
  /** The names of its class and its superclasses, up to Error. */
  readonly classNames?: readonly string[];
  readonly name?: string;
  readonly message?: string;
  readonly stack?: string | undefined;
  readonly isDOMException?: boolean;
}

/** An error in the form that is sent: parts that structured clone keeps, and parts that packing.ts has packed. */
export interface ErrorWire extends Wire, Described {
  readonly kind: 'Error';
  /**
   * Its `code`, if that is no own enumerable property: it may come from a getter of a class that the receiver does not
   * know.
   */
  readonly code?: unknown;
  /** Own properties that are not enumerable, such as `cause` and the `errors` of an AggregateError. */
  readonly hidden?: Readonly<Record<string, unknown>>;
  readonly properties?: Readonly<Record<string, unknown>>;
}

type ErrorClass = abstract new (...args: never[]) => Error;

const classes = new Map<string, ErrorClass>();

/**
 * The original class names of errors that arrived. A thread that does not know a class can so pass the error on to one
 * that does.
 */
const origins = new WeakMap<object, readonly string[]>();

/** Limit for a prototype chain: a Proxy can make it endless. Arbitrary. */
const MOST_CLASSES = 64;

/**
 * Lets errors of this class keep it when they arrive in this thread. Call it in each thread that receives them. They
 * are rebuilt without calling the constructor.
 * @throws {TypeError} when the class has no name of its own, or another class has the name already
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
  SignalError,
  ThreadUnavailableError,
  TooManyProducersError,
]) {
  registerErrorClass(errorClass);
}

/** Own properties of errors that are not enumerable: ES2022, and SuppressedError of ES2026. */
const HIDDEN = ['cause', 'errors', 'error', 'suppressed'];

/** Whether `thrown` is an error, or a Proxy that claims to be one. */
export function looksLikeError(thrown: unknown): thrown is object {
  if (!isObject(thrown)) return false;
  try {
    return types.isProxy(thrown) ? thrown instanceof Error : isError(thrown);
  } catch {
    return false; // a Proxy that was revoked, or whose handler throws
  }
}

/** A value as text, in reports of what cannot be sent. Never throws. */
export function textOf(value: unknown): string {
  return inspectSafely(value);
}

/**
 * Takes an error apart. Never throws, whatever the error does.
 * @param pack packs its properties; null: leave them out
 */
export function errorParts(
  error: object,
  pack: ((value: unknown) => unknown) | null,
): Omit<ErrorWire, 'kind'> {
  const described = describeThrown(error);
  if (pack === null) return described;
  const keys = attempt(() => Object.keys(error), []);
  return {
    ...described,
    ...(keys.includes('code') ? {} : { code: pack(read(error, 'code')) }),
    hidden: partsOf(
      error,
      pack,
      HIDDEN.filter((key) => isHidden(error, key)),
    ),
    properties: partsOf(error, pack, keys),
  };
}

/**
 * The parts of an error that can always be sent. Never throws. @param error one for which `looksLikeError()` is true
 */
export function describeThrown(error: object): Described {
  return {
    classNames: attempt(() => classNames(error), []),
    name: text(error, 'name') ?? 'Error',
    message: text(error, 'message') ?? '',
    stack: text(error, 'stack'),
    isDOMException: attempt(() => error instanceof DOMException, false),
  };
}

/**
 * Makes an error of the class that was sent, or of its nearest superclass that is known here. Calls no constructor of a
 * user.
 */
export function createError(wire: ErrorWire): Error {
  const { classNames = [], name = 'Error', message = '', isDOMException = false, stack } = wire;
  const error = withoutTrace(() => (isDOMException ? new DOMException(message, name) : new Error(message)));
  const [className = 'Error'] = classNames;
  const known = classNames.find((each) => classes.has(each)) ?? 'Error';
  if (!isDOMException) {
    // Error provides the internal slot that makes it an error; the prototype provides the rest.
    Object.setPrototypeOf(error, classes.get(known)?.prototype as object);
    // If the class is not known here, show at least its name, unless the error has a `name` of its own.
    const shown = known !== className && name === known ? className : name;
    if (text(error, 'name') !== shown) define(error, 'name', shown);
  }
  origins.set(error, classNames);
  define(error, 'stack', stack);
  return error;
}

/** Makes an error that can always be sent and that describes what was thrown. Never throws. */
export function asPlainError(thrown: unknown): Error {
  if (looksLikeError(thrown)) return createError({ kind: 'Error', ...describeThrown(thrown) });
  return new Error(`Thrown: ${textOf(thrown)}`);
}

/**
 * Creates an error without a stack: it gets the sender's. Taking and formatting one here costs tens of microseconds.
 */
function withoutTrace(create: () => Error): Error {
  const { stackTraceLimit } = Error;
  // Not by assignment: Error may be frozen.
  if (!Reflect.set(Error, 'stackTraceLimit', 0)) return create();
  try {
    return create();
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit);
  }
}

/** Adds the properties that the original error had. @param unpack unpacks their values */
export function fillError(error: Error, wire: ErrorWire, unpack: (value: unknown) => unknown): void {
  for (const [key, value] of Object.entries(wire.hidden ?? {})) define(error, key, unpack(value));
  if (wire.code !== undefined && read(error, 'code') !== wire.code) define(error, 'code', unpack(wire.code));
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

function classNames(error: object): readonly string[] {
  const origin = origins.get(error);
  if (origin !== undefined) return origin;
  const names: string[] = [];
  let prototype = prototypeOf(error);
  for (let left = MOST_CLASSES; left > 0 && prototype !== null && prototype !== Object.prototype; left--) {
    const name: unknown = typeof prototype.constructor === 'function' ? prototype.constructor.name : '';
    // `constructor.name` may be a method. 'Object' is Object.prototype of another realm.
    if (typeof name === 'string' && name !== '' && name !== 'Object') names.push(name);
    prototype = prototypeOf(prototype);
  }
  return names;
}

function prototypeOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null;
}

/** The property as text. A class can give it any type, and so can Error.prepareStackTrace for the stack. */
function text(error: object, key: 'name' | 'message' | 'stack'): string | undefined {
  const value = read(error, key);
  return typeof value === 'string' || value === undefined ? value : inspectSafely(value);
}

/** A getter that throws must not keep an error from arriving. */
function read(error: object, key: string): unknown {
  try {
    return Reflect.get(error, key);
  } catch (thrown) {
    return `[Getter threw ${inspectSafely(thrown)}]`;
  }
}

function attempt<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch {
    return otherwise; // a Proxy's handler has thrown
  }
}

function partsOf(
  error: object,
  pack: (value: unknown) => unknown,
  keys: readonly string[],
): Record<string, unknown> {
  const parts: Record<string, unknown> = {};
  // Skip `__proto__`: assigning it would set the prototype.
  for (const key of keys) if (key !== '__proto__') parts[key] = pack(read(error, key));
  return parts;
}

function isHidden(error: object, key: string): boolean {
  return attempt(
    () => Object.hasOwn(error, key) && !Object.prototype.propertyIsEnumerable.call(error, key),
    false,
  );
}
