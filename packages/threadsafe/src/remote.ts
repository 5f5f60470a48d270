import { inspect } from 'node:util';
import { importModule } from './import-module.js';
import { RemoteFunctionError } from './errors.js';

/** Where another thread finds a function: a module, and its name there. */
export interface RemoteId {
  readonly url: string;
  readonly name: string;
}

export const REMOTE: unique symbol = Symbol('remote');

/** A function that can be named to another thread. It is still an ordinary function. */
export type RemoteFunction<A extends unknown[] = never[], R = unknown> = ((...args: A) => R) & {
  readonly [REMOTE]: RemoteId;
};

/** This thread's remote functions, by module and name. */
const registry = new Map<string, RemoteFunction>();

const keyOf = ({ url, name }: RemoteId): string => `${url}#${name}`;

/**
 * Makes a function callable from other threads. They find it by importing the module `url`, whose evaluation must come
 * here again: so call this at the top level of a module.
 *
 *     export const digest = remote(import.meta.url, async function digest(path: string): Promise<string> { … });
 *
 * @param url the module's `import.meta.url`
 * @param fn a function with a name; the name is what other threads ask for
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when `url` or `fn` is something else
 * @throws {RemoteFunctionError} when the function has no name, or the module has another one of that name
 */
export function remote<A extends unknown[], R>(url: string, fn: (...args: A) => R): RemoteFunction<A, R> {
  if (typeof url !== 'string' || !URL.canParse(url)) {
    throw invalidType(`url must be the module's import.meta.url, got ${inspect(url)}`);
  }
  if (typeof fn !== 'function') throw invalidType(`fn must be a function, got ${inspect(fn)}`);
  if (fn.name === '') {
    throw new RemoteFunctionError(
      `Cannot name an anonymous function to other threads: write remote(url, function name() {…})`,
    );
  }
  const id: RemoteId = { url, name: fn.name };
  if (registry.has(keyOf(id))) throw new RemoteFunctionError(`Cannot register ${fn.name} twice in ${url}`);
  const remoteFn = Object.defineProperty(fn, REMOTE, { value: id }) as RemoteFunction<A, R>;
  registry.set(keyOf(id), remoteFn); // looked up by key, called with what its key was called with
  return remoteFn;
}

/** @throws {RemoteFunctionError} unless `fn` was made by `remote()` */
export function remoteIdOf(fn: unknown): RemoteId {
  const id = typeof fn === 'function' ? (fn as Partial<RemoteFunction>)[REMOTE] : undefined;
  if (id !== undefined) return id;
  const what = typeof fn === 'function' ? `function ${fn.name || '(anonymous)'}` : inspect(fn);
  throw new RemoteFunctionError(
    `Cannot send ${what} to another thread: wrap it at the top level of its module in remote(import.meta.url, …)`,
  );
}

/** The function of that name if its module has been evaluated in this thread. */
export function lookUpRemote(id: RemoteId): RemoteFunction | null {
  return registry.get(keyOf(id)) ?? null;
}

/** Imports the module and finds the function. Rejects with RemoteFunctionError, its cause this thread's own error. */
export async function importRemote(id: RemoteId): Promise<RemoteFunction> {
  await importModule(id.url, `find ${id.name}`);
  const fn = lookUpRemote(id);
  if (fn === null) {
    throw new RemoteFunctionError(
      `Cannot find ${id.name}: ${id.url} makes no remote function of that name when imported`,
    );
  }
  return fn;
}

function invalidType(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' });
}
