import { inspect } from 'node:util';
import { RemoteFunctionError } from '../errors.js';
import { isClass } from './function-kind.js';
import type { Namespace } from './import-module.js';

/** Most names that a message lists. Arbitrary: some packages export thousands. */
const MOST_LISTED = 20;

/** Prototypes whose properties belong to every object or function, not to the module. */
const FOREIGN: readonly object[] = [Object.prototype, Function.prototype];

/** Properties that lead from an object to its class. Nobody means to call these. */
const HIDDEN: ReadonlySet<string> = new Set(['constructor', 'prototype', '__proto__']);

/**
 * Finds the function at the end of `path`: an export, or a property of one. A method keeps its object as `this`, and
 * may be inherited from the object's class. What every object has (`constructor`, `toString()` of Object) is not found.
 * The function is looked up once: if the module assigns another one later, calls still get the first.
 * @throws {RemoteFunctionError} with what is there instead
 */
export function findExport(namespace: Namespace, path: readonly string[], url: string): Callable {
  let holder: unknown = undefined;
  let found: unknown = namespace;
  path.forEach((key, depth) => {
    const walked = path.slice(0, depth);
    if (!canHold(found)) {
      throw notFound(path, url, `${walked.join('.')} is ${described(found)} there`);
    }
    if (!hasOfItsOwn(found, key)) {
      const names = namesOf(found);
      const exports = names.length === 0 ? 'nothing' : listed(names);
      const where = depth === 0 ? `it exports ${exports}` : `${walked.join('.')} has ${exports}`;
      throw notFound(path, url, `there is no ${path.slice(0, depth + 1).join('.')}: ${where}`);
    }
    holder = depth === 0 ? undefined : found; // exports are called without `this`, as importers call them
    found = read(found, key, path, url);
  });
  if (typeof found !== 'function')
    throw notFound(path, url, `${path.join('.')} is ${described(found)} there`);
  if (isClass(found)) throw notFound(path, url, `${path.join('.')} is a class, and classes cannot be called`);
  // Bind it even without a `this`: the bound function gets a name that says where it comes from, and the module's own
  // is not changed.
  const bound = (found as Callable).bind(holder);
  return Object.defineProperty(bound, 'name', { value: path.join('.') });
}

/** A function of any type. Its arguments were checked where it is called. */
export type Callable = (...args: unknown[]) => unknown;

/** Joins names for a message, up to a limit. */
export function listed(names: readonly string[]): string {
  const more = names.length - MOST_LISTED;
  return names.slice(0, MOST_LISTED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function canHold(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}

/** Yields an object and the prototypes that somebody has made. */
function* makers(object: object): Generator<object> {
  for (
    let at: object | null = object;
    at !== null && !FOREIGN.includes(at);
    at = Object.getPrototypeOf(at) as object | null // by its contract
  ) {
    yield at;
  }
}

function hasOfItsOwn(object: object, key: string): boolean {
  if (HIDDEN.has(key)) return false;
  for (const maker of makers(object)) if (Object.hasOwn(maker, key)) return true;
  return false;
}

function namesOf(object: object): string[] {
  const names = new Set<string>();
  for (const maker of makers(object)) {
    for (const name of Object.getOwnPropertyNames(maker)) if (!HIDDEN.has(name)) names.add(name);
  }
  return [...names];
}

function read(object: object, key: string, path: readonly string[], url: string): unknown {
  try {
    return Reflect.get(object, key);
  } catch (cause) {
    throw notFound(path, url, `reading ${key} failed in the called thread`, { cause });
  }
}

function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'object') return Array.isArray(value) ? 'an array' : 'an object';
  return `a ${typeof value} (${inspect(value, { maxStringLength: 40 })})`;
}

function notFound(
  path: readonly string[],
  url: string,
  why: string,
  options?: ErrorOptions,
): RemoteFunctionError {
  return new RemoteFunctionError(`Cannot find ${path.join('.')} in ${url}: ${why}`, options);
}
