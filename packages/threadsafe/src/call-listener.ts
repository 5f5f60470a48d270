import { peekRunningLoop, runApart, toError, watchResult } from '@ringloop/core/internal';

/**
 * Calls a user's listener. If it throws, or returns a promise that rejects, nobody can catch that: the exception
 * handler of the running loop is called, or else the process warns.
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
