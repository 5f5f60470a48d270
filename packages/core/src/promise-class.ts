import { ASKED } from './loop-internals.js';

/** The class for which PREPARED was set: a subclass inherits the mark, but is not prepared itself. */
export const PREPARED: unique symbol = Symbol('prepared');

/** A class of futures, as far as it is looked at here. */
export interface Preparable {
  readonly prototype: object;
  readonly name: string;
  [PREPARED]?: unknown;
}

/**
 * Makes the awaits of a class of promises visible. ECMAScript's `await p` asks a promise `p` for its `constructor`, and where
 * the answer is Promise, it waits for `p` itself and calls nothing else. It asks synchronously, in the awaiting function's own async
 * context, on every Node that we support. `p.then()`, `p.catch()` and `p.finally()` ask for nothing; combinators, and
 * Promise.resolve(), ask and then call `then` at once.
 *
 * So `constructor` is an accessor, on the prototype of each class: one that is inherited would be hidden by the property
 * that `class … extends` makes. Source: ECMAScript 2024, 27.7.5.3 Await, 27.2.4.7.1 PromiseResolve.
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

/** The name of the class that `promise` was made by. */
export function nameOfClass(promise: object): string {
  return (Object.getPrototypeOf(promise) as object).constructor.name; // a promise always has a prototype
}
