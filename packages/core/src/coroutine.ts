import { inspect, types } from 'node:util';
import { typeError } from './errors.js';
import { Future } from './future.js';
import { type CoroutineGenerator, isGenerator } from './generator-driver.js';
import { isPromiseLike } from './is-promise-like.js';

/**
 * The code of a task. An async function, or any function that returns a promise, is called in the task's first
 * step. If it declares a parameter, it gets an AbortSignal that aborts when the task is cancelled, for the Node
 * APIs that take one. A generator function, or its generator, yields what it waits for. Then the loop runs
 * every step, in asyncio's order.
 */
export type Coroutine<T> =
  | ((signal: AbortSignal) => PromiseLike<T>)
  | (() => PromiseLike<T>)
  | (() => CoroutineGenerator<T>)
  | CoroutineGenerator<T>;

/** Starts a coroutine: returns its promise or its generator. */
export type StartCoroutine<T> = (signal: AbortSignal) => PromiseLike<T> | CoroutineGenerator<T>;

/**
 * Returns a function that starts a coroutine of any kind. For a promise, it returns that promise.
 * @throws {TypeError} when `coroutine` is neither a coroutine nor a promise
 */
export function toStart<T>(coroutine: Coroutine<T> | PromiseLike<T>): StartCoroutine<T> {
  if (typeof coroutine === 'function' && !isAsyncGeneratorFunction(coroutine)) {
    return coroutine; // it may ignore the signal
  }
  if (isPromiseLike(coroutine)) {
    // The promise may reject before the task has started. Node would take that for an unhandled
    // rejection and end the process.
    if (types.isPromise(coroutine) && !(coroutine instanceof Future)) coroutine.catch(() => undefined);
    return function alreadyRunning() {
      return coroutine;
    };
  }
  if (isGenerator(coroutine)) {
    return function generator() {
      return coroutine;
    };
  }
  throw typeError(`A Future, a coroutine or a promise is required, got ${inspect(coroutine)}`);
}

/** Whether `value` is a generator function. Its generator can be stepped without making a promise. */
export function isGeneratorFunction(value: unknown): boolean {
  return tagOf(value) === 'GeneratorFunction';
}

/**
 * Whether `value` is a coroutine that has not begun: an async function, a generator function or a
 * generator. Python: iscoroutine().
 */
export function isCoroutine(value: unknown): value is Coroutine<unknown> {
  return isGenerator(value) || tagOf(value) === 'GeneratorFunction' || tagOf(value) === 'AsyncFunction';
}

function isAsyncGeneratorFunction(value: unknown): boolean {
  return tagOf(value) === 'AsyncGeneratorFunction';
}

function tagOf(value: unknown): unknown {
  return typeof value === 'function'
    ? (value as { [Symbol.toStringTag]?: unknown })[Symbol.toStringTag]
    : undefined;
}
