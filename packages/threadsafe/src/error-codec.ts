/**
 * Errors across threads. Structured clone keeps neither class nor `name` of a custom error, nor `code`, nor the errors of
 * an AggregateError; so they travel as plain objects and are put together again from the class of the same name.
 */
import { inspect } from 'node:util';
import { serialize } from 'node:v8';
import {
  CancelledError,
  InternalError,
  InvalidStateError,
  KeyboardInterrupt,
  LoopStateError,
  SystemExit,
} from '@ringloop/core';
import {
  CloneError,
  MainThreadError,
  PeerExitedError,
  RemoteFunctionError,
  RingFullError,
  TooManyProducersError,
} from './errors.js';

/** A thrown value in a form that structured clone keeps whole. */
export type WireError =
  | { readonly kind: 'value'; readonly value: unknown }
  | {
      readonly kind: 'dom';
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
    }
  | {
      readonly kind: 'error';
      readonly className: string;
      readonly message: string;
      readonly stack: string | undefined;
      readonly cause?: WireError;
      readonly errors?: readonly WireError[];
      readonly properties: Readonly<Record<string, unknown>>;
    };

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
  CancelledError,
  InternalError,
  InvalidStateError,
  KeyboardInterrupt,
  LoopStateError,
  SystemExit,
]) {
  registerErrorClass(errorClass);
}
for (const errorClass of [
  CloneError,
  MainThreadError,
  PeerExitedError,
  RemoteFunctionError,
  RingFullError,
  TooManyProducersError,
]) {
  registerErrorClass(errorClass);
}

/** Causes of causes are followed this far: a chain may be circular. Arbitrary. */
const DEEPEST_CAUSE = 16;

export function encodeError(thrown: unknown, depth = 0): WireError {
  if (!(thrown instanceof Error)) return { kind: 'value', value: cloneable(thrown) };
  const { name, message, stack } = thrown;
  if (thrown instanceof DOMException) return { kind: 'dom', name, message, stack };
  const wire = {
    kind: 'error' as const,
    className: thrown.constructor.name,
    message,
    stack,
    properties: ownProperties(thrown),
  };
  if (depth === DEEPEST_CAUSE) return wire;
  return {
    ...wire,
    ...(thrown.cause === undefined ? {} : { cause: encodeError(thrown.cause, depth + 1) }),
    ...(thrown instanceof AggregateError
      ? { errors: thrown.errors.map((e) => encodeError(e, depth + 1)) }
      : {}),
  };
}

/** What was thrown: an Error again if it was one. */
export function decodeError(wire: WireError): unknown {
  if (wire.kind === 'value') return wire.value;
  const error = wire.kind === 'dom' ? new DOMException(wire.message, wire.name) : revive(wire);
  define(error, 'stack', wire.stack);
  return error;
}

function revive(wire: WireError & { kind: 'error' }): Error {
  const error = new Error(wire.message);
  const errorClass = classes.get(wire.className);
  if (errorClass === undefined) define(error, 'name', wire.className);
  // The internal slot that makes it an error comes from Error, all else from the prototype: no constructor is called.
  else Object.setPrototypeOf(error, errorClass.prototype as object);
  if (wire.cause !== undefined) define(error, 'cause', decodeError(wire.cause));
  if (wire.errors !== undefined) define(error, 'errors', wire.errors.map(decodeError));
  // Defined, not assigned: the class may have a getter of that name, and no setter.
  for (const [key, value] of Object.entries(wire.properties)) {
    Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: true });
  }
  return error;
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}

function ownProperties(error: Error): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(error)
      .filter(([key]) => key !== 'cause' && key !== 'errors')
      .map(([key, value]) => [key, cloneable(value)]),
  );
}

/** The value itself, or how it looks where it cannot be sent: an error must arrive, whatever hangs on it. */
function cloneable(value: unknown): unknown {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol') return value;
  try {
    serialize(value);
    return value;
  } catch {
    return inspect(value, { depth: 1 });
  }
}
