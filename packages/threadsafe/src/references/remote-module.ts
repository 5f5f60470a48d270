/**
 * References to what a module exports, for threads that need not import it. Of the module only its type is known here, so
 * a reference is made when its name is asked for: the one thing in this library that takes a Proxy.
 */
import { inspect } from 'node:util';
import { RemoteFunctionError } from '../errors.js';
import { moduleUrl } from './module-url.js';
import { REMOTE, type RemoteFunction, type RemoteId } from './remote.js';

/** Properties of a reference itself, as of every function, and so not of what it refers to. */
type OwnOfReference = 'name' | 'length' | 'prototype' | 'constructor' | 'toString' | 'then';

/** Properties of a module that no reference can be made to. */
type OwnOfModule = 'then';

/** References to everything callable in an object: its functions, and what its objects have in turn. */
type Members<T, Except> = {
  readonly [
    K in keyof T as K extends Except | symbol | number ? never : IsCallable<T[K]> extends false ? never : K
  ]: Reference<T[K]>;
};

/** Whether there can be anything callable in it. `true` for what nobody has typed. */
type IsCallable<T> = T extends object ? true : false;

type Reference<T> = T extends (this: never, ...args: infer A) => infer R
  ? RemoteFunction<A, R>
  : Members<T, OwnOfReference>;

/**
 * A module as other threads can be asked for it: `typeof import('./math.js')`, with a reference in place of each function,
 * at any depth. Overloaded functions keep their last signature, generic ones lose their type parameters.
 */
export type RemoteModule<M> = Members<M, OwnOfModule>;

const modules = new Map<string, object>();

/**
 * References to the functions that a module exports, nested ones and methods included. This thread does not import the
 * module; the called one does. The same function asked for again is the same reference.
 *
 *     const math = remoteModule<typeof import('./math.js')>('./math.js', import.meta.url);
 *     await ref.runCoroutineThreadsafe(math.vector.add, 1, 2);
 *
 * @param specifier a URL, or a path that begins with `./`, `../` or `/`; `import.meta.resolve()` makes one of a package
 * @param base this module's `import.meta.url`; not needed for an absolute URL
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when there is no URL to be made of these
 */
export function remoteModule<M extends object>(
  specifier: string | URL,
  base?: string | URL,
): RemoteModule<M> {
  const url = moduleUrl(specifier, base);
  let module = modules.get(url);
  if (module === undefined) modules.set(url, (module = moduleReference(url)));
  return module as RemoteModule<M>; // whose members come into being when they are read
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

/** Answers with a new reference to each name that it has not heard yet. @param own names that are the target's own */
function memberHandler(
  url: string,
  path: readonly string[],
  own: readonly (OwnOfReference | OwnOfModule)[],
): ProxyHandler<object> {
  const members = new Map<string, object>();
  return {
    get(target, key): unknown {
      // A promise would take anything with a `then` for another promise.
      if (typeof key === 'symbol' || own.some((name) => name === key)) return Reflect.get(target, key);
      let member = members.get(key);
      if (member === undefined) members.set(key, (member = functionReference(url, [...path, key])));
      return member;
    },
  };
}
