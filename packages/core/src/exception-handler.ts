import type { AsyncResource } from 'node:async_hooks';
import { runApart } from './context.js';
import { endsTheLoop } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { isPromiseLike } from './is-promise-like.js';
import { type Handle, isReporting } from './handle.js';
import { inspectSafely } from './debug/inspect-safely.js';

/** The context that an exception handler gets. Python: the `context` dict of loop.call_exception_handler(). */
export interface ExceptionContext {
  /** What went wrong, one line. */
  readonly message?: string;
  /** What was thrown, as an Error. */
  readonly exception?: Error;
  /** The handle whose callback failed. */
  readonly handle?: Handle;
  /** The future that the error is about. */
  readonly future?: unknown;
  /** The task that the error is about. */
  readonly task?: unknown;
  /** The protocol that has a method which failed, or that was being connected. */
  readonly protocol?: unknown;
  /** The transport of that protocol. */
  readonly transport?: unknown;
  /** The listening socket that could not accept a connection. */
  readonly socket?: unknown;
  /** The asynchronous generator that could not be closed. */
  readonly asyncgen?: unknown;
  /** Debug mode: where the future, task or handle was created, as in an error's stack. */
  readonly sourceTraceback?: string;
  /** Debug mode: where the handle that was running was created. */
  readonly handleTraceback?: string;
}

/** The part of a loop that reports errors which nobody can catch. */
export interface Reporter {
  getDebug(): boolean;
  callExceptionHandler(context: ExceptionContext): void;
}

/**
 * Gets the errors that nobody can catch. If it throws, or returns a promise that rejects, the default handler reports
 * that. Python: the handler of loop.set_exception_handler().
 */
export type ExceptionHandler = (loop: BaseEventLoop, context: ExceptionContext) => unknown;

const TRACEBACKS: Record<string, string> = {
  sourceTraceback: 'Object created at (most recent call first):',
  handleTraceback: 'Handle created at (most recent call first):',
};

/** Prints the context on standard error. Python: loop.default_exception_handler(). */
export function defaultExceptionHandler(context: ExceptionContext): void {
  const { message = 'Unhandled exception in event loop', exception, ...rest } = context;
  const lines = [message];
  for (const [key, value] of Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const title = TRACEBACKS[key];
    if (title !== undefined) lines.push(title, String(value));
    else if (value !== undefined) lines.push(`${key}: ${inspectSafely(value, { depth: 1 })}`);
  }
  if (exception !== undefined) lines.push(inspectSafely(exception));
  console.error(lines.join('\n'));
}

/**
 * Passes the context to the loop's handler and, if that fails, to the default one. Throws only errors that end the
 * loop. Python: the body of loop.call_exception_handler().
 */
export function callExceptionHandler(
  loop: BaseEventLoop,
  handler: ExceptionHandler | null,
  context: ExceptionContext,
): void {
  if (handler === null) {
    tryDefault(loop, context, 'Exception in default exception handler');
    return;
  }
  try {
    inContextOf(context.task ?? context.future ?? context.handle, () => {
      const result: unknown = handler(loop, context);
      // An async handler may fail later. That is reported as if it had failed now.
      if (isPromiseLike(result))
        result.then(undefined, (thrown: unknown) => tellOfHandler(loop, context, thrown));
    });
  } catch (thrown) {
    if (endsTheLoop(thrown)) throw thrown;
    tellOfHandler(loop, context, thrown);
  }
}

function tellOfHandler(loop: BaseEventLoop, context: ExceptionContext, thrown: unknown): void {
  tryDefault(
    loop,
    // CPython has the key `context`, which the type does not declare.
    { message: 'Unhandled error in exception handler', exception: thrown, context } as ExceptionContext,
    'Exception in default exception handler while handling an unexpected error in custom exception handler',
  );
}

/**
 * Runs the handler in the context of what the report is about: AsyncLocalStorages hold what they held there. What the
 * handler itself stores is gone when it returns.
 */
function inContextOf(subject: unknown, fn: () => void): void {
  const { getContext } = (subject ?? {}) as { getContext?: () => AsyncResource };
  // A handle that is reporting is still in the context of its callback, with what the callback has stored there.
  if (typeof getContext !== 'function' || isReporting(subject)) runApart(fn);
  else getContext.call(subject).runInAsyncScope(runApart, undefined, fn);
}

function tryDefault(loop: BaseEventLoop, context: ExceptionContext, lastWords: string): void {
  try {
    loop.defaultExceptionHandler(context);
  } catch (thrown) {
    if (endsTheLoop(thrown)) throw thrown;
    console.error(`${lastWords}\n${inspectSafely(thrown)}`);
  }
}
