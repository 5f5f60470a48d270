import type { Awaitable } from './awaitable.js';
import { isGeneratorFunction } from './coroutine.js';
import { currentAwaiter, currentTask, runAs } from './current-task.js';
import { toError, typeError } from './errors.js';
import { type CoroutineGenerator, isGenerator } from './generator-driver.js';
import { inspectSafely } from './inspect-safely.js';
import { iterablePromise } from './iterable-promise.js';
import { startCoroutine } from './running-coroutine.js';

/** What runs inside: an async function or a generator function. It is given what `async with … as` would give. */
export type ScopeBody<S, R> = ((scope: S) => CoroutineGenerator<R>) | ((scope: S) => PromiseLike<R>);

/** What `async with` is, in the hands of the object: enters, and gives what the body is called with. Python: __aenter__(). */
export type ScopeEnter<S> = () => CoroutineGenerator<S>;

/**
 * Leaves, whether the body returned (null) or threw `error`. What this throws is thrown instead of the body's error, as whose
 * `cause` it is then found, unless it has one; one that is to have none is given `cause: undefined`. Python: __aexit__().
 */
export type ScopeExit = (error: unknown) => CoroutineGenerator<void>;

/**
 * Runs `body` between `enter` and `exit`, as part of the current task, and gives its result. With a generator function all of
 * it is one generator, stepped by the loop; an async function is awaited natively, and so its awaits are the task's.
 * Python: async with.
 * @throws {TypeError} when `body` is no function
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 */
export function runScoped<S, R>(enter: ScopeEnter<S>, body: ScopeBody<S, R>, exit: ScopeExit): Awaitable<R> {
  if (typeof body !== 'function') {
    throw typeError(`An async function or a generator function is required, got ${inspectSafely(body)}`);
  }
  if (isGeneratorFunction(body)) {
    // Which its tag has told.
    return startCoroutine(runSteps(enter, body as (scope: S) => CoroutineGenerator<R>, exit));
  }
  const start = (): Promise<R> => runFunction(enter, body, exit);
  const task = currentTask();
  // From a generator, too, the body's awaits shall be the task's: there its cancellation is thrown.
  return iterablePromise(task !== null && currentAwaiter() !== task ? runAs(task, start) : start());
}

function* runSteps<S, R>(
  enter: ScopeEnter<S>,
  body: (scope: S) => CoroutineGenerator<R>,
  exit: ScopeExit,
): CoroutineGenerator<R> {
  const scope = yield* enter();
  let result: R;
  try {
    result = yield* body(scope);
  } catch (thrown) {
    yield* exitAfter(thrown, exit);
    throw thrown;
  }
  yield* exit(null);
  return result;
}

async function runFunction<S, R>(enter: ScopeEnter<S>, body: ScopeBody<S, R>, exit: ScopeExit): Promise<R> {
  const scope = await completion(enter());
  let result: R;
  try {
    const started = body(scope);
    result = await (isGenerator(started) ? startCoroutine(started) : started);
  } catch (thrown) {
    await completion(exitAfter(thrown, exit));
    throw thrown;
  }
  await completion(exit(null));
  return result;
}

/** What to await: the generator is stepped in the loop's iterations, whoever waits for it. */
function completion<T>(generator: CoroutineGenerator<T>): PromiseLike<T> | T {
  const coroutine = startCoroutine(generator);
  return coroutine.done() ? coroutine.result() : coroutine;
}

/** Throws only what `exit` throws. */
function* exitAfter(thrown: unknown, exit: ScopeExit): CoroutineGenerator<void> {
  const error = thrown ?? toError(thrown); // null says that nothing was thrown
  try {
    yield* exit(error);
  } catch (replacement) {
    if (replacement instanceof Error && !('cause' in replacement) && !leadsTo(error, replacement)) {
      Object.defineProperty(replacement, 'cause', { value: error, writable: true, configurable: true });
    }
    throw replacement;
  }
}

/** Whether `target` is `error` or among its causes: as a cause of `target`, `error` would close a circle. */
function leadsTo(error: unknown, target: Error): boolean {
  const seen = new Set<unknown>();
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    if (at === target) return true;
    seen.add(at);
  }
  return false;
}
