import { peekRunningLoop, runApart, toError, watchResult } from '@ringloop/core/internal';

/**
 * Calls a listener of the user's. What it throws, or a promise that it returns rejects with, is an error that nobody can catch: the
 * exception handler of the loop that runs is told, or else the process warns.
 */
export function callListener<E>(name: string, listener: (event: E) => unknown, event: E): void {
  const failed = (thrown: unknown): void => {
    const loop = peekRunningLoop();
    const exception = toError(thrown);
    if (loop === null) process.emitWarning(exception);
    else loop.callExceptionHandler({ message: `Exception in ${name}`, exception });
  };
  try {
    watchResult(
      runApart(() => listener(event)),
      failed,
    );
  } catch (thrown) {
    failed(thrown);
  }
}
