/**
 * Errors across threads. Structured clone keeps neither class nor `name` of a custom error, nor `code`, nor the errors of
 * an AggregateError; so they travel as plain objects and are put together again from the class of the same name.
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
  ThreadUnavailableError,
  TooManyProducersError,
} from '../errors.js';
import type { Wire } from './sendable.js';
import { isError, isObject } from './survey.js';

/** What of an error is always there, and always crosses. */
interface Described {
  /** Its class and those it extends, up to Error. */
  readonly classNames?: readonly string[];
  readonly name?: string;
  readonly message?: string;
  readonly stack?: string | undefined;
  readonly isDOMException?: boolean;
}

/** What of an error crosses: parts that structured clone keeps, and those that packing.ts has packed. */
export interface ErrorWire extends Wire, Described {
  readonly kind: 'Error';
  /** Its `code`, where that is neither enumerable nor its own: a getter of a class that may not be known over there. */
  readonly code?: unknown;
  /** Own properties that are not enumerable: `cause`, and the `errors` of an AggregateError. */
  readonly hidden?: Readonly<Record<string, unknown>>;
  readonly properties?: Readonly<Record<string, unknown>>;
}

type ErrorClass = abstract new (...args: never[]) => Error;

const classes = new Map<string, ErrorClass>();

/** The classes that errors had where they came from: a thread that does not know them passes them on to one that may. */
const origins = new WeakMap<object, readonly string[]>();

/** A prototype may be a proxy, whose own never ends. Arbitrary. */
const MOST_CLASSES = 64;

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
  ThreadUnavailableError,
  TooManyProducersError,
]) {
  registerErrorClass(errorClass);
}

/** Own properties of errors that are not enumerable: ES2022, and SuppressedError of ES2026. */
const HIDDEN = ['cause', 'errors', 'error', 'suppressed'];

/** Whether what was thrown is an error, or a proxy that says so. */
export function looksLikeError(thrown: unknown): thrown is object {
  if (!isObject(thrown)) return false;
  try {
    return types.isProxy(thrown) ? thrown instanceof Error : isError(thrown);
  } catch {
    return false; // a proxy that was revoked, or says nothing
  }
}

/** A value as text, in reports of what cannot be sent. Never throws. */
export function textOf(value: unknown): string {
  return inspectSafely(value);
}

/** Takes an error apart. Never throws, whatever the error does. @param pack packs what hangs on it; null: leave it */
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

/** What of an error can be sent in any case. Never throws. @param error one, or what `looksLikeError()` */
export function describeThrown(error: object): Described {
  return {
    classNames: attempt(() => classNames(error), []),
    name: text(error, 'name') ?? 'Error',
    message: text(error, 'message') ?? '',
    stack: text(error, 'stack'),
    isDOMException: attempt(() => error instanceof DOMException, false),
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
    const shown = known !== className && name === known ? className : name;
    if (text(error, 'name') !== shown) define(error, 'name', shown);
  }
  origins.set(error, classNames);
  define(error, 'stack', stack);
  return error;
}

/** An error that can be sent in any case, and says what can be said of what was thrown. Never throws. */
export function asPlainError(thrown: unknown): Error {
  if (looksLikeError(thrown)) return createError({ kind: 'Error', ...describeThrown(thrown) });
  return new Error(`Thrown: ${textOf(thrown)}`);
}

/** It gets the stack of the one that was sent: to take one here, and to format it, costs tens of microseconds. */
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

/** Gives it what hung on it. @param unpack unpacks what is inside */
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
    // It may be a method. Object: that of another realm.
    if (typeof name === 'string' && name !== '' && name !== 'Object') names.push(name);
    prototype = prototypeOf(prototype);
  }
  return names;
}

function prototypeOf(object: object): object | null {
  return Object.getPrototypeOf(object) as object | null;
}

/** A class may have made them anything, and Error.prepareStackTrace the stack. */
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
    return otherwise; // a proxy's handler
  }
}

function partsOf(
  error: object,
  pack: (value: unknown) => unknown,
  keys: readonly string[],
): Record<string, unknown> {
  const parts: Record<string, unknown> = {};
  // It is no name for a part of an error.
  for (const key of keys) if (key !== '__proto__') parts[key] = pack(read(error, key));
  return parts;
}

function isHidden(error: object, key: string): boolean {
  return attempt(
    () => Object.hasOwn(error, key) && !Object.prototype.propertyIsEnumerable.call(error, key),
    false,
  );
}
