import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import type { ProxyMarked } from './remote-object.js';

/** Objects marked to stay in their loop. Not a property of the object, which may be frozen, or a Proxy itself. */
const marked = new WeakSet<object>();

/**
 * Marks an object or a function to be sent as a proxy instead of a copy, as an argument or a result of a call through
 * `ref.wrap()`. What the receiver calls on the proxy runs in the loop that sent it. That loop keeps the object until
 * the receiver releases the proxy, lets it be collected, or ends.
 *
 *     await feed.subscribe(proxy((price: number) => console.log(price)));
 *
 * Like Comlink's `proxy()`, without its MessagePort.
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when `value` is neither an object nor a function
 */
export function proxy<T extends object>(value: T): T & ProxyMarked {
  if ((typeof value !== 'object' && typeof value !== 'function') || (value as unknown) === null) {
    throw typeError(`value must be an object or a function, got ${inspect(value)}`);
  }
  marked.add(value);
  return value as T & ProxyMarked; // for the compiler only; the property does not exist
}

/** Whether `proxy()` was called with `value`. */
export function isMarked(value: unknown): value is object {
  return isObjectOrFunction(value) && marked.has(value);
}

export function isObjectOrFunction(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
