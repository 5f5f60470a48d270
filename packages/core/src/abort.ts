/** The AbortControllers that the library makes for its users. */
import { setMaxListeners } from 'node:events';
import { runApart } from './context.js';

/** A controller whose signal may be given to any number of calls: Node warns of more than ten listeners, as of a leak. */
export function newAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** Aborts it. Its listeners run here and now, in the midst of whoever cancels: what they store with enterWith() ends with them. */
export function abort(controller: AbortController, reason: Error): void {
  runApart(() => {
    controller.abort(reason);
  });
}
