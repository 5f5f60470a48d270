/** The AbortControllers that the library makes for its users. */
import { setMaxListeners } from 'node:events';
import { runApart } from './context.js';

/**
 * Makes an AbortController whose signal may be passed to any number of calls. Node would warn
 * of a leak above ten listeners.
 */
export function newAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/**
 * Aborts the controller. Its listeners run at once, in the middle of the code that cancels. So what they store with
 * enterWith() is removed afterwards.
 */
export function abort(controller: AbortController, reason: Error): void {
  runApart(() => {
    controller.abort(reason);
  });
}
