import { ASKED } from './loop-internals.js';

/**
 * The key under which a prepared class refers to itself. A subclass inherits the mark without
 * being prepared: compare the value.
 */
export const PREPARED: unique symbol = Symbol('prepared');

/** A class of futures, as far as it is used here. */
export interface Preparable {
  readonly prototype: object;
  readonly name: string;
  [PREPARED]?: unknown;
}

/**
 * Makes the awaits of a class of promises visible. ECMAScript's `await p` reads the `constructor` of a promise
 * `p`. If that is Promise, it waits for `p` itself and calls nothing else. It reads it synchronously, in the
 * async context of the awaiting function, in every Node that we support. `p.then()`, `p.catch()` and
 * `p.finally()` of a future do not read it. Combinators read it and then call `then` at once. Promise.resolve()
 * reads it and returns `p` if it is Promise.
 *
 * So `constructor` is an accessor on the prototype of each class. An inherited one would be hidden by the property that
 * `class … extends` makes. Source: ECMAScript 2024, 27.7.5.3 Await, 27.2.4.7.1 PromiseResolve.
 */
export function prepareClass(made: Preparable): void {
  Object.defineProperty(made, PREPARED, { value: made });
  Object.defineProperty(made.prototype, 'constructor', {
    configurable: true,
    get(this: object): unknown {
      // The prototypes themselves have no state to answer from.
      return Object.hasOwn(this, PREPARED_PROTOTYPE) ? made : (this as { [ASKED](): unknown })[ASKED]();
    },
  });
  Object.defineProperty(made.prototype, PREPARED_PROTOTYPE, { value: true });
}

const PREPARED_PROTOTYPE: unique symbol = Symbol('prepared prototype');

/** The name of the class of `promise`. */
export function nameOfClass(promise: object): string {
  return (Object.getPrototypeOf(promise) as object).constructor.name; // a promise always has a prototype
}
