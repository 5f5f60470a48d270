import { types } from 'node:util';
import { inspectSafely } from '@ringloop/core/internal';
import { describeThrown, looksLikeError } from './error-codec.js';
import { CloneError } from '../errors.js';
import { pack } from './packing.js';

/** What the arguments belong to: a function, or text that names what ringloop itself sends. */
export type Sent = string | { readonly name: string };

interface Culprit {
  readonly path: string;
  readonly value: unknown;
}

/** Levels of nested containers that are searched. Arbitrary. */
const DEEPEST = 16;

/**
 * Explains why `args` could not be sent: which argument, the path inside it, and the value found there.
 * @param moved objects that are moved, not cloned
 */
export function cloneFailure(
  args: readonly unknown[],
  sent: Sent,
  cause: unknown,
  moved: readonly unknown[] = [],
): CloneError {
  const { subject, of } =
    typeof sent === 'string'
      ? { subject: sent, of: '' }
      : { subject: 'the arguments', of: ` of ${sent.name}()` };
  for (const [index, arg] of args.entries()) {
    const culprit = findCulprit(arg, '', 0, moved);
    if (culprit === null) continue;
    const what = typeof sent === 'string' ? sent : `argument ${index + 1}`;
    return new CloneError(`Cannot send ${what}${culprit.path}${of}: ${reason(culprit.value, cause)}`, {
      cause,
    });
  }
  return new CloneError(`Cannot send ${subject}${of}: ${messageOf(cause)}`, { cause });
}

/** @param moved objects that are moved, and so need not be cloneable */
function findCulprit(value: unknown, path: string, depth: number, moved: readonly unknown[]): Culprit | null {
  if (moved.includes(value) || isCloneable(value)) return null;
  if (depth < DEEPEST && typeof value === 'object' && value !== null && !types.isProxy(value)) {
    for (const [step, inner] of inside(value)) {
      const culprit = findCulprit(inner, path + step, depth + 1, moved);
      if (culprit !== null) return culprit;
    }
    if (moved.length > 0) return null; // its only uncloneable parts may be those that are moved
  }
  return { path, value };
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(pack(value).value);
    return true;
  } catch {
    return false;
  }
}

/** Yields the contents of a container, each with the expression that leads to it. */
function* inside(container: object): Generator<[step: string, inner: unknown]> {
  if (types.isMap(container)) {
    for (const [key, value] of container) {
      yield [`.keys()[${inspectSafely(key)}]`, key];
      yield [`.get(${inspectSafely(key)})`, value];
    }
  } else if (types.isSet(container)) {
    let index = 0;
    for (const value of container) yield [`.values()[${index++}]`, value];
  } else {
    // Do not read getters: one that throws would end the search.
    for (const [key, { value, enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(container))) {
      if (enumerable === true) yield [stepTo(container, key), value];
    }
  }
}

function stepTo(container: object, key: string): string {
  if (Array.isArray(container) && /^\d+$/.test(key)) return `[${key}]`;
  return /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function reason(culprit: unknown, cause: unknown): string {
  if (types.isProxy(culprit)) return 'a Proxy cannot be cloned';
  switch (typeof culprit) {
    case 'function':
      return `${culprit.name === '' ? 'an anonymous function' : `function ${culprit.name}()`} cannot be cloned`;
    case 'symbol':
      return `${String(culprit)} cannot be cloned`;
    default:
      return messageOf(cause);
  }
}

/** The message of an error. Node's own error may be of another realm than this code, for example under jest. */
export function messageOf(cause: unknown): string {
  return looksLikeError(cause) || types.isNativeError(cause) || isDOMException(cause)
    ? (describeThrown(cause).message ?? '')
    : inspectSafely(cause);
}

function isDOMException(cause: unknown): cause is object {
  return Object.prototype.toString.call(cause) === '[object DOMException]';
}
