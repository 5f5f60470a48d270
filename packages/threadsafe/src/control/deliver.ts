/**
 * The owner's side: does what a proxy of another thread asks for, in the loop that has the object, as one task for each
 * call. It handles the messages of Comlink's proxies, but is not Comlink's `expose()`: that keeps only three fields of
 * an error, replies from outside of any task, and cannot be stopped.
 */
import { getRunningLoop, isCoroutine } from '@ringloop/core';
import { remote } from '../references/remote.js';
import { runningObjects, type Target } from './exposed-objects.js';
import { isObjectOrFunction, proxy } from './proxy.js';
import { packResult, unpack } from './values.js';

/** The kinds of requests of a proxy. */
export type Request = 'GET' | 'SET' | 'APPLY' | 'CONSTRUCT';

/** Property names that lead from the object to the target. A single name needs no array. */
export type Path = string | readonly string[];

/**
 * Does what a proxy asks for. The names and arguments of a call are arguments of this function, so that the codec can
 * use its fast path for plain values.
 * @param caller the producer that asks
 */
export const deliver = remote(
  import.meta.url,
  async function deliver(
    target: Target,
    caller: number,
    request: Request,
    path: Path,
    ...args: unknown[]
  ): Promise<unknown> {
    const object = runningObjects().find(target);
    const result = await fulfil(
      object,
      request,
      typeof path === 'string' ? [path] : path,
      args.map((arg) => unpack(arg)),
    );
    return packResult(result, caller);
  },
);

/** The borrowing thread gives the object back `count` times. */
export const giveBack = remote(
  import.meta.url,
  function giveBack(number: number, borrower: number, count: number): void {
    const objects = runningObjects();
    // Run after the first steps of the tasks that its last calls have started: those look the object up.
    getRunningLoop().callSoon(() => objects.takeBack(number, borrower, count));
  },
);

/** The borrowing thread sends its proxy to another thread, which may be the object's own. */
export const lendOn = remote(import.meta.url, function lendOn(number: number, borrower: number): void {
  runningObjects().lendOn(number, borrower);
});

function fulfil(object: object, request: Request, path: readonly string[], args: unknown[]): unknown {
  const owner = path.slice(0, -1).reduce(property, object);
  const key = path.at(-1);
  if (request === 'SET') {
    (owner as Record<string, unknown>)[String(key)] = args[0]; // JavaScript throws if it takes no properties
    return true;
  }
  const value = key === undefined ? object : property(owner, key);
  if (request === 'GET') return value;
  if (typeof value !== 'function') throw new TypeError(`${path.join('.')} is not a function`);
  if (request === 'CONSTRUCT') {
    return proxy(Reflect.construct(value as new () => object, args)); // throws if `value` is no constructor
  }
  const result: unknown = Reflect.apply(value as () => unknown, owner, args);
  // A generator coroutine becomes a task of its own, which is cancelled with this one.
  return isObjectOrFunction(result) && typeof result === 'object' && isCoroutine(result)
    ? getRunningLoop().createTask(result)
    : result;
}

function property(object: unknown, key: string): unknown {
  return (object as Record<string, unknown>)[key]; // JavaScript throws if it has no properties
}
