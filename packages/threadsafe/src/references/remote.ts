import { inspect } from 'node:util';
import type { CoroutineGenerator } from '@ringloop/core';
import { PROTOCOL, shared, typeError } from '@ringloop/core/internal';
import { findExport, listed } from './find-export.js';
import { isClass, whyNot } from './function-kind.js';
import { importModule, refuseEvaluated } from './import-module.js';
import { RemoteFunctionError } from '../errors.js';

/** Says where another thread finds a function. */
export interface RemoteId {
  /** URL of the module. */
  readonly url: string;
  /** The name under which `remote()` registered it. For an export: its path with dots, for messages. */
  readonly name: string;
  /** The path to an export: its name, and the properties to follow from there. Absent if `remote()` was used. */
  readonly path?: readonly string[];
}

/**
 * Shared by all copies of this package with the same protocol: a thread's loop and the module with the function may use
 * different copies.
 */
export const REMOTE: unique symbol = Symbol.for(`ringloop.remote.v${PROTOCOL}`);

/** A function that other threads can refer to. One made by `remote()` is still an ordinary function. */
export type RemoteFunction<A extends unknown[] = never[], R = unknown> = ((...args: A) => R) & {
  readonly [REMOTE]: RemoteId;
};

/**
 * The result of a remote function's task: what the function returns, or what its promise or generator coroutine
 * returns.
 */
export type RemoteResult<R> = Arrived<R extends CoroutineGenerator<infer T> ? T : Awaited<R>>;

/** The type of a value in another thread, however it is sent: structured clone makes a Uint8Array of a Buffer. */
export type Arrived<T> = T extends Buffer ? Uint8Array : T;

/** Options of `remote()`. */
export interface RemoteOptions {
  /**
   * The name that other threads ask for; the default is the function's own. For code that a bundler or minifier
   * renames.
   */
  readonly name?: string;
}

/** This thread's remote functions, by module and name. */
const registry = shared('remote functions', () => new Map<string, Map<string, RemoteFunction>>());

/** Exports that other threads have asked for, by module and path. */
const exported = new Map<string, RemoteFunction>();

/**
 * Makes a function callable from other threads. They find it by importing the module `url`, and its evaluation must
 * reach this call again. So call `remote()` at the top level of a module.
 *
 *     export const digest = remote(import.meta.url, async function digest(path: string): Promise<string> { … });
 *
 * @param url the module's `import.meta.url`
 * @param fn a function; other threads ask for its name, or for the option `name`
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when an argument is something else
 * @throws {RemoteFunctionError} when there is no name, when the module has another function of that name, and when the
 *   function is a reference already
 */
export function remote<A extends unknown[], R>(
  url: string,
  fn: (...args: A) => R,
  options: RemoteOptions = {},
): RemoteFunction<A, R> {
  if (typeof url !== 'string' || !URL.canParse(url)) {
    throw typeError(`url must be the module's import.meta.url, got ${inspect(url)}`);
  }
  if (typeof fn !== 'function' || isClass(fn)) throw typeError(`fn must be a function, got ${inspect(fn)}`);
  if (!Object.isExtensible(fn)) throw typeError(`fn must be extensible, got the frozen ${inspect(fn)}`);
  const { name = fn.name } = options;
  if (typeof name !== 'string') throw typeError(`name must be a string, got ${inspect(name)}`);
  if (name === '') {
    throw new RemoteFunctionError(
      `Cannot name an anonymous function to other threads: write remote(url, function name() {…}), ` +
        `or give its name as remote(url, …, { name }) where a minifier drops it`,
    );
  }
  const before = (fn as Partial<RemoteFunction>)[REMOTE];
  if (before !== undefined) {
    throw new RemoteFunctionError(
      `Cannot register ${name}: it is a reference already, to ${before.name} of ${before.url}`,
    );
  }
  let functions = registry.get(url);
  if (functions === undefined) registry.set(url, (functions = new Map<string, RemoteFunction>()));
  const known = functions.get(name);
  if (known !== undefined && !isEvaluatedAgain(known, fn)) {
    throw new RemoteFunctionError(
      `Cannot register ${name} twice in ${url}: give one of them another name, as remote(url, …, { name })`,
    );
  }
  const id: RemoteId = { url, name };
  const remoteFn = Object.defineProperty(fn, REMOTE, { value: id }) as RemoteFunction<A, R>;
  remember(remoteFn);
  functions.set(name, remoteFn); // looked up by its id, called with the arguments of its reference
  return remoteFn;
}

/** Functions that were registered since the last microtask; null: none. */
let latest: Set<object> | null = null;

function remember(fn: object): void {
  if (latest === null) {
    latest = new Set();
    queueMicrotask(() => (latest = null));
  }
  latest.add(fn);
}

/**
 * Whether a module was evaluated again, as test runners do (vi.resetModules(), jest.isolateModules()): then the same
 * source comes again, later. Two functions that are registered at once are different ones, even if their source is
 * equal.
 */
function isEvaluatedAgain(known: object, fn: object): boolean {
  const source = (of: object): string => Function.prototype.toString.call(of);
  return latest?.has(known) !== true && source(known) === source(fn);
}

/** The id of a reference. @throws {RemoteFunctionError} unless `fn` is one, made by `remote()` or `remoteModule()` */
export function remoteIdOf(fn: unknown): RemoteId {
  const id = typeof fn === 'function' ? (fn as Partial<RemoteFunction>)[REMOTE] : undefined;
  if (id !== undefined) {
    refuseEvaluated(id.url, id.name);
    return id;
  }
  const what =
    typeof fn === 'function'
      ? whyNot(fn)
      : `${inspect(fn)} to another thread: a reference is needed, made by remote() or remoteModule()`;
  throw new RemoteFunctionError(`Cannot send ${what}`);
}

/** The function, if this thread knows it without importing its module; else null. */
export function lookUpRemote(id: RemoteId): RemoteFunction | null {
  const fn = id.path === undefined ? registry.get(id.url)?.get(id.name) : exported.get(exportKey(id));
  return fn ?? null;
}

/**
 * Imports the module and finds the function. Rejects with RemoteFunctionError, whose cause is this thread's own error.
 */
export async function importRemote(id: RemoteId): Promise<RemoteFunction> {
  const namespace = await importModule(id.url, `find ${id.name}`);
  const known = lookUpRemote(id);
  if (known !== null) return known;
  if (id.path === undefined) throw notRegistered(id);
  // It is called with the arguments of the reference, whose type is that of the function.
  const fn = findExport(namespace, id.path, id.url) as unknown as RemoteFunction;
  exported.set(exportKey(id), fn);
  return fn;
}

const exportKey = ({ url, path }: RemoteId): string => JSON.stringify([url, path]);

function notRegistered({ url, name }: RemoteId): RemoteFunctionError {
  const names = [...(registry.get(url)?.keys() ?? [])];
  return new RemoteFunctionError(
    `Cannot find ${name}: ${url} makes no remote function of that name when imported. Call remote() at the top level ` +
      `of the module, not in a function. ${names.length === 0 ? 'It makes none' : `It makes ${listed(names)}`}`,
  );
}
