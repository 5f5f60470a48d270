import { inspect, types } from 'node:util';
import { typeError } from './errors.js';
import { Future } from './future.js';
import { type CoroutineGenerator, isGenerator } from './generator-driver.js';
import { isPromiseLike } from './is-promise-like.js';

/**
 * What a task can run. An async function, or any function that returns a promise, starts with the task's first step; one that
 * declares a parameter is given an AbortSignal that aborts when the task is cancelled, for the Node APIs that take one.
 * A generator function, or its generator, yields what it waits for: then every step is the loop's, in asyncio's order.
 */
export type Coroutine<T> =
  | ((signal: AbortSignal) => PromiseLike<T>)
  | (() => PromiseLike<T>)
  | (() => CoroutineGenerator<T>)
  | CoroutineGenerator<T>;

/** Starts a coroutine: gives its promise or its generator. */
export type StartCoroutine<T> = (signal: AbortSignal) => PromiseLike<T> | CoroutineGenerator<T>;

/**
 * A coroutine of any kind as a function that starts it.
 * @throws {TypeError} when it is none
 */
export function toStart<T>(coroutine: Coroutine<T> | PromiseLike<T>): StartCoroutine<T> {
  if (typeof coroutine === 'function' && !isAsyncGeneratorFunction(coroutine)) {
    return coroutine; // one that ignores the signal
  }
  if (isPromiseLike(coroutine)) {
    // It may reject before the task has started: Node would take the rejection for unhandled and end the process.
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

/** Whether it only has to be called to be stepped: no promise comes into it. */
export function isGeneratorFunction(value: unknown): boolean {
  return tagOf(value) === 'GeneratorFunction';
}

/** Whether `value` is a coroutine that has not begun: an async or generator function, or a generator. Python: iscoroutine(). */
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
