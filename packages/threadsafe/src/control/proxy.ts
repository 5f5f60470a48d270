import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import type { ProxyMarked } from './remote-object.js';

/** What is to stay where it is. Not a property of the object: it may be frozen, or somebody's proxy itself. */
const marked = new WeakSet<object>();

/**
 * Marks an object or a function to be sent as a proxy of itself instead of a copy, as an argument or a result of a call through
 * `ref.wrap()`. What the receiver calls on it runs in the loop that sent it. It is kept there until the receiver releases its proxy,
 * lets it be collected, or ends.
 *
 *     await feed.subscribe(proxy((price: number) => console.log(price)));
 *
 * The same as Comlink's `proxy()`, without its MessagePort.
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when `value` is neither an object nor a function
 */
export function proxy<T extends object>(value: T): T & ProxyMarked {
  if ((typeof value !== 'object' && typeof value !== 'function') || (value as unknown) === null) {
    throw typeError(`value must be an object or a function, got ${inspect(value)}`);
  }
  marked.add(value);
  return value as T & ProxyMarked; // for the compiler; there is no such property
}

/** Whether `proxy()` was called with it. */
export function isMarked(value: unknown): value is object {
  return isObject(value) && marked.has(value);
}

export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
