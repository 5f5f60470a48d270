/**
 * References to the exports of a module, for threads that need not import it. Only the type of the module is known
 * here, so a reference is made when its name is first read. This takes a Proxy.
 */
import { inspect } from 'node:util';
import { RemoteFunctionError } from '../errors.js';
import { moduleUrl } from './module-url.js';
import { REMOTE, type RemoteFunction, type RemoteId } from './remote.js';

/**
 * Properties that a reference has itself, as every function does. They do not refer to properties of the other
 * function.
 */
type OwnOfReference = 'name' | 'length' | 'prototype' | 'constructor' | 'toString' | 'then';

/** Properties of a module that no reference can be made to. */
type OwnOfModule = 'then';

/** References to everything callable in an object: its functions, and those in its objects, at any depth. */
type Members<T, Except> = {
  readonly [
    K in keyof T as K extends Except | symbol | number ? never : IsCallable<T[K]> extends false ? never : K
  ]: Reference<T[K]>;
};

/** Whether it can contain anything callable. `true` for `any`. */
type IsCallable<T> = T extends object ? true : false;

type Reference<T> = T extends (this: never, ...args: infer A) => infer R
  ? RemoteFunction<A, R>
  : Members<T, OwnOfReference>;

/**
 * A module as other threads refer to it: `typeof import('./math.js')` with a reference in place of each function, at
 * any depth. Overloaded functions keep their last signature, generic ones lose their type parameters.
 */
export type RemoteModule<M> = Members<M, OwnOfModule>;

const modules = new Map<string, object>();

/**
 * References to the functions that a module exports, including nested ones and methods. This thread does not import the
 * module; the called thread does. Reading the same function twice gives the same reference.
 *
 *     const math = remoteModule<typeof import('./math.js')>('./math.js', import.meta.url);
 *     await ref.runCoroutineThreadsafe(math.vector.add, 1, 2);
 *
 * @param specifier a URL, or a path that begins with `./`, `../` or `/`; for a package, use `import.meta.resolve()`
 * @param base this module's `import.meta.url`; not needed for an absolute URL
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when no URL can be made of these
 */
export function remoteModule<M extends object>(
  specifier: string | URL,
  base?: string | URL,
): RemoteModule<M> {
  const url = moduleUrl(specifier, base);
  let module = modules.get(url);
  if (module === undefined) modules.set(url, (module = moduleReference(url)));
  return module as RemoteModule<M>; // its members are made when they are read
}

function moduleReference(url: string): object {
  const target = Object.freeze({ [inspect.custom]: () => `<RemoteModule ${url}>` });
  return new Proxy(target, memberHandler(url, [], ['then']));
}

function functionReference(url: string, path: readonly string[]): object {
  const name = path.join('.');
  const id: RemoteId = { url, name, path };
  const reference = (): never => {
    throw new RemoteFunctionError(
      `Cannot call ${name} of ${url} directly: it is a reference. Give it to callSoonThreadsafe() or ` +
        `runCoroutineThreadsafe() of a LoopRef, or to runInExecutor()`,
    );
  };
  Object.defineProperties(reference, {
    name: { value: name },
    toString: { value: () => `<RemoteFunction ${name} of ${url}>` },
    [REMOTE]: { value: id },
    [inspect.custom]: { value: () => `<RemoteFunction ${name} of ${url}>` },
  });
  return new Proxy(
    Object.freeze(reference),
    memberHandler(url, path, ['name', 'length', 'prototype', 'constructor', 'toString', 'then']),
  );
}

/** Makes a reference for each name when it is first read. @param own names of the target's own properties */
function memberHandler(
  url: string,
  path: readonly string[],
  own: readonly (OwnOfReference | OwnOfModule)[],
): ProxyHandler<object> {
  const members = new Map<string, object>();
  return {
    get(target, key): unknown {
      // A promise treats any object with a `then` as a promise.
      if (typeof key === 'symbol' || own.some((name) => name === key)) return Reflect.get(target, key);
      let member = members.get(key);
      if (member === undefined) members.set(key, (member = functionReference(url, [...path, key])));
      return member;
    },
  };
}
