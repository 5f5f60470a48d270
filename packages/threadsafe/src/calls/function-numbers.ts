import { checkCallback, isStopFunction } from '@ringloop/core/internal';
import { type RemoteFunction, remoteIdOf } from '../references/remote.js';
import { stop } from './builtin-functions.js';
import type { WhenFull } from './when-full.js';

/** The value of `#lastCallback` before the first call. No function is equal to it. */
const NONE = Symbol('no function');

/**
 * Tells the owner of the inbox which function a number means. The path starts with the URL of the function's module,
 * and continues with the names that lead to the function.
 */
type Define = (number: number, path: readonly string[], whenFull: WhenFull) => void;

/**
 * The numbers by which one thread calls functions in one inbox. The inbox keeps the counterpart:
 * inbox/function-table.ts.
 */
export class FunctionNumbers {
  readonly #define: Define;
  /** The functions whose numbers the owner knows. */
  readonly #functions = new Map<RemoteFunction, number>();
  /** Those of them that may be called as plain callbacks, not only run as tasks. */
  readonly #callbacks = new Map<RemoteFunction, number>();
  /** The last function called. A producer mostly calls the same function again, and then needs no look-up. */
  #lastCallback: unknown = NONE;
  #lastNumber = 0;

  constructor(define: Define) {
    this.#define = define;
  }

  /** The number of a function for plain calls. @throws {TypeError} when the function can only run as a task */
  ofCallback(fn: RemoteFunction, whenFull: WhenFull): number {
    return fn === this.#lastCallback ? this.#lastNumber : this.#lookUpCallback(fn, whenFull);
  }

  /** The number of a function that runs as a task. */
  of(fn: RemoteFunction, whenFull: WhenFull): number {
    const known = this.#functions.get(fn);
    if (known !== undefined) return known;
    const id = remoteIdOf(isStopFunction(fn) ? stop : fn);
    const number = this.#functions.size + 1;
    this.#define(number, [id.url, id.name, ...(id.path ?? [])], whenFull);
    this.#functions.set(fn, number);
    return number;
  }

  #lookUpCallback(fn: RemoteFunction, whenFull: WhenFull): number {
    let number = this.#callbacks.get(fn);
    if (number === undefined) {
      checkCallback(fn, 'callSoonThreadsafe');
      number = this.of(fn, whenFull);
      this.#callbacks.set(fn, number);
    }
    this.#lastCallback = fn;
    this.#lastNumber = number;
    return number;
  }
}
