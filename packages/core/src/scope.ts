import type { Awaitable } from './awaitable.js';
import { isGeneratorFunction } from './coroutine.js';
import { currentTask } from './current-task.js';
import { isError, toError, typeError } from './errors.js';
import { type CoroutineGenerator, currentDriver, isGenerator } from './generator-driver.js';
import { inspectSafely } from './debug/inspect-safely.js';
import type { Ready } from './ready-queue.js';
import { RunningCoroutine, startCoroutine } from './running-coroutine.js';
import { startFunction } from './running-function.js';

/** The code that runs inside: an async function or a generator function. It gets what `async with … as` would give. */
export type ScopeBody<S, R> = (scope: S) => CoroutineGenerator<R> | PromiseLike<R>;

/**
 * Enters, and returns the argument for the body. Returns a generator if entering may have
 * to wait. Python: __aenter__().
 */
export type ScopeEnter<S> = () => CoroutineGenerator<S> | S;

/**
 * Leaves. `error` is what the body threw, or null if it returned. Returns a generator if leaving may have to wait. An
 * error that is thrown here replaces the body's error and gets it as its `cause`, unless it already has a cause. An
 * error that must not get a cause has `cause: undefined`. Python: __aexit__().
 */
export type ScopeExit = (error: unknown) => CoroutineGenerator<void> | void;

/**
 * Runs `body` between `enter` and `exit`, as part of the current task, and gives its result. If `body` is a
 * generator function, or if the caller is a generator coroutine, everything runs as one generator, otherwise as one
 * async function. Python: async with.
 * @throws {TypeError} when `body` is not a function
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 */
export function runScoped<S, R>(enter: ScopeEnter<S>, body: ScopeBody<S, R>, exit: ScopeExit): Awaitable<R> {
  if (typeof body !== 'function') {
    throw typeError(`An async function or a generator function is required, got ${inspectSafely(body)}`);
  }
  const isStepped = isGeneratorFunction(body) || isInGenerator();
  return isStepped
    ? startCoroutine(runSteps(enter, body, exit))
    : startFunction(() => runFunction(enter, body, exit));
}

/**
 * Whether the caller is a generator of the current task, and not an async function that a
 * generator of another task has started.
 */
function isInGenerator(): boolean {
  const driver: Ready | null = currentDriver();
  return driver !== null && (driver.onBehalfOf === undefined ? driver : driver.onBehalfOf) === currentTask();
}

function* runSteps<S, R>(
  enter: ScopeEnter<S>,
  body: ScopeBody<S, R>,
  exit: ScopeExit,
): CoroutineGenerator<R> {
  const scope = yield* steps(enter());
  let result: R;
  try {
    result = yield* bodySteps(body, scope);
  } catch (thrown) {
    yield* exitAfter(thrown, exit);
    throw thrown;
  }
  yield* steps(exit(null));
  return result;
}

function* bodySteps<S, R>(body: ScopeBody<S, R>, scope: S): CoroutineGenerator<R> {
  if (isGeneratorFunction(body)) return yield* body(scope) as CoroutineGenerator<R>; // its tag says so
  // An async function has its own awaits, while the generator waits for the function. A cancelled
  // generator cancels the function.
  return yield* startFunction(() => functionBody(body, scope));
}

async function functionBody<S, R>(body: ScopeBody<S, R>, scope: S): Promise<R> {
  const started = body(scope);
  return await (isGenerator(started) ? startCoroutine(started) : started);
}

async function runFunction<S, R>(enter: ScopeEnter<S>, body: ScopeBody<S, R>, exit: ScopeExit): Promise<R> {
  const entered = begin(enter());
  // Await only what has to wait. Everything else continues in the same step.
  const scope = entered instanceof RunningCoroutine ? await entered : entered;
  let result: R;
  try {
    result = await functionBody(body, scope);
  } catch (thrown) {
    const left = begin(exitAfter(thrown, exit));
    if (left instanceof RunningCoroutine) await left;
    throw thrown;
  }
  const left = begin(exit(null));
  if (left instanceof RunningCoroutine) await left;
  return result;
}

/**
 * Starts a generator as a coroutine of its own, which the loop steps even if an async function awaits it. Returns the
 * result instead if there is nothing to wait for.
 */
function begin<T>(generator: CoroutineGenerator<T> | T): RunningCoroutine<T> | T {
  if (!isGenerator(generator)) return generator;
  const coroutine = startCoroutine(generator);
  return coroutine.done() ? coroutine.result() : coroutine;
}

function* steps<T>(generator: CoroutineGenerator<T> | T): CoroutineGenerator<T> {
  return isGenerator(generator) ? yield* generator : generator;
}

/** Calls `exit` after an error. Throws only what `exit` throws. */
function* exitAfter(thrown: unknown, exit: ScopeExit): CoroutineGenerator<void> {
  const error = thrown ?? toError(thrown); // null would mean that nothing was thrown
  try {
    yield* steps(exit(error));
  } catch (replacement) {
    if (isError(replacement) && !('cause' in replacement) && !leadsTo(error, replacement)) {
      Object.defineProperty(replacement, 'cause', { value: error, writable: true, configurable: true });
    }
    throw replacement;
  }
}

/**
 * Whether `target` is `error` or one of its causes. Then `error` must not become the cause of
 * `target`: it would close a circle.
 */
function leadsTo(error: unknown, target: Error): boolean {
  const seen = new Set<unknown>();
  for (let at = error; isError(at) && !seen.has(at); at = at.cause) {
    if (at === target) return true;
    seen.add(at);
  }
  return false;
}
