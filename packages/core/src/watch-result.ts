import { types } from 'node:util';
import { CancelledError } from './errors.js';
import { ASKED } from './loop-internals.js';

/**
 * What a user's callback has returned, where nobody waits for it. A promise that rejects would end the process; what it rejects with
 * is an error of the callback, as one that it throws, and `failed` is told of it. Futures tell of theirs themselves, and what is no
 * promise but has a `then()` need not have begun before that is called. A cancellation is no error.
 */
export function watchResult(result: unknown, failed: (thrown: unknown) => void): void {
  if (typeof result !== 'object' || result === null) return; // it is nearly always so
  if (!types.isPromise(result) || ASKED in result) return;
  const tell = (thrown: unknown): void => {
    if (thrown instanceof CancelledError) throw thrown; // to whoever is there for cancellations that nobody awaits
    failed(thrown);
  };
  void Promise.prototype.then.call(result, undefined, tell); // whatever its class makes of then()
}
