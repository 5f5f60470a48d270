import { runInContext } from '@ringloop/core/internal';

/**
 * Makes what lives on beyond the code that happens to need it first: a timer, a port, or what waits for other threads. Made there, it
 * would keep the context of that code, and so the task with its arguments and what users store in AsyncLocalStorages.
 */
export function afresh<T>(make: () => T): T {
  return runInContext(null, make);
}
