import { types } from 'node:util';
import { CancelledError } from './errors.js';
import { ASKED } from './loop-internals.js';

/**
 * Watches what a user's callback has returned, because nobody waits for it. A promise that rejects would end the
 * process. So its error is passed to `failed`, like one that the callback throws. Futures report their errors
 * themselves. An object with `then()` that is not a promise is left alone, because it may begin its work only when
 * `then()` is called. A cancellation is not an error.
 */
export function watchResult(result: unknown, failed: (thrown: unknown) => void): void {
  if (typeof result !== 'object' || result === null) return; // nearly always the case
  if (!types.isPromise(result) || ASKED in result) return;
  const tell = (thrown: unknown): void => {
    if (thrown instanceof CancelledError) throw thrown; // for the listener of unhandled cancellations
    failed(thrown);
  };
  void Promise.prototype.then.call(result, undefined, tell); // its class may override then()
}
