import type { Awaitable } from './awaitable.js';
import { isGeneratorFunction } from './coroutine.js';
import { currentTask } from './current-task.js';
import { isError, toError, typeError } from './errors.js';
import { type CoroutineGenerator, currentDriver, isGenerator } from './generator-driver.js';
import { inspectSafely } from './debug/inspect-safely.js';
import type { Ready } from './ready-queue.js';
import { RunningCoroutine, startCoroutine } from './running-coroutine.js';
import { startFunction } from './running-function.js';

/** What runs inside: an async function or a generator function. It is given what `async with … as` would give. */
export type ScopeBody<S, R> = (scope: S) => CoroutineGenerator<R> | PromiseLike<R>;

/**
 * What `async with` asks of an object: enters, and gives what the body is called with. A generator where that may take a wait.
 * Python: __aenter__().
 */
export type ScopeEnter<S> = () => CoroutineGenerator<S> | S;

/**
 * Leaves, whether the body returned (null) or threw `error`; a generator where that may take a wait. What this throws is thrown
 * instead of the body's error, as whose `cause` it is then found, unless it has one; one that is to have none is given
 * `cause: undefined`. Python: __aexit__().
 */
export type ScopeExit = (error: unknown) => CoroutineGenerator<void> | void;

/**
 * Runs `body` between `enter` and `exit`, as part of the current task, and gives its result. With a generator function, or for a
 * generator coroutine, all of it is one generator, otherwise one async function. Python: async with.
 * @throws {TypeError} when `body` is no function
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

/** Whether who calls is a generator of the task, not an async function that a generator of another task has started. */
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
  if (isGeneratorFunction(body)) return yield* body(scope) as CoroutineGenerator<R>; // as its tag says
  // The awaits of an async function are its own, between the waits of the generator; cancelled, the generator cancels them.
  return yield* startFunction(() => functionBody(body, scope));
}

async function functionBody<S, R>(body: ScopeBody<S, R>, scope: S): Promise<R> {
  const started = body(scope);
  return await (isGenerator(started) ? startCoroutine(started) : started);
}

async function runFunction<S, R>(enter: ScopeEnter<S>, body: ScopeBody<S, R>, exit: ScopeExit): Promise<R> {
  const entered = begin(enter());
  // Without an await where none is needed: what need not wait goes on in the same step.
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

/** Its generator is stepped in the loop's iterations, whoever waits for it. Gives the result where nobody has to. */
function begin<T>(generator: CoroutineGenerator<T> | T): RunningCoroutine<T> | T {
  if (!isGenerator(generator)) return generator;
  const coroutine = startCoroutine(generator);
  return coroutine.done() ? coroutine.result() : coroutine;
}

function* steps<T>(generator: CoroutineGenerator<T> | T): CoroutineGenerator<T> {
  return isGenerator(generator) ? yield* generator : generator;
}

/** Throws only what `exit` throws. */
function* exitAfter(thrown: unknown, exit: ScopeExit): CoroutineGenerator<void> {
  const error = thrown ?? toError(thrown); // null says that nothing was thrown
  try {
    yield* steps(exit(error));
  } catch (replacement) {
    if (isError(replacement) && !('cause' in replacement) && !leadsTo(error, replacement)) {
      Object.defineProperty(replacement, 'cause', { value: error, writable: true, configurable: true });
    }
    throw replacement;
  }
}

/** Whether `target` is `error` or among its causes: as a cause of `target`, `error` would close a circle. */
function leadsTo(error: unknown, target: Error): boolean {
  const seen = new Set<unknown>();
  for (let at = error; isError(at) && !seen.has(at); at = at.cause) {
    if (at === target) return true;
    seen.add(at);
  }
  return false;
}
