import { runInContext } from '@ringloop/core/internal';

/**
 * Makes something that outlives the code that happens to need it first: a timer, a port, or a wait for other threads.
 * Made in that code's context, it would keep the context alive, and so the task with its arguments and the stores of
 * AsyncLocalStorages.
 */
export function afresh<T>(make: () => T): T {
  return runInContext(null, make);
}
