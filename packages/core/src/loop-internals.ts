// Keys of what sibling files and packages may do to a loop, handle or future and users may not.
export const TASKS: unique symbol = Symbol('tasks');
/** Which task this is, in the order of creation. */
export const NUMBER: unique symbol = Symbol('number');
/** Where in its loop's tasks a task stands. */
export const SLOT: unique symbol = Symbol('slot');
export const ASYNCGENS: unique symbol = Symbol('asyncgens');
export const UNRETRIEVED: unique symbol = Symbol('unretrieved');
export const STOP_AFTER_BATCH: unique symbol = Symbol('stop after batch');
export const END_RUN: unique symbol = Symbol('end run');
export const SEAL_INBOX: unique symbol = Symbol('seal inbox');
/** Queues an entry for the next iteration; throws where the loop is closed. */
export const ENQUEUE: unique symbol = Symbol('enqueue');
/** Queues an entry once the future is done, in its place among the done callbacks. */
export const ADD_WAITER: unique symbol = Symbol('add waiter');
export const REMOVE_WAITER: unique symbol = Symbol('remove waiter');
/** What `runUntilComplete()` waits for. */
export const MAIN: unique symbol = Symbol('main');
/** How much outside of the loop will report to it: jobs of executors and calls into other threads; native promises. */
export const OUTSIDE: unique symbol = Symbol('outside');
/** The AbortControllers that cancelling a task aborts. */
export const ABORTS: unique symbol = Symbol('aborts');
/** The futures that a task waits for. */
export const WAITS: unique symbol = Symbol('waits');
/** The callback of a handle. */
export const CALLBACK: unique symbol = Symbol('callback');
/** The loop of a handle. */
export const HANDLE_LOOP: unique symbol = Symbol('handleLoop');

const STOPS_A_LOOP: unique symbol = Symbol('stops a loop');

/** The `stop` of some loop. Its mark lets it name the `stop` of another loop to another thread. */
export type StopFunction = (() => void) & { readonly [STOPS_A_LOOP]: true };

export function stopFunction(stop: () => void): StopFunction {
  return Object.assign(stop, { [STOPS_A_LOOP]: true } as const);
}

export function isStopFunction(fn: unknown): fn is StopFunction {
  return typeof fn === 'function' && STOPS_A_LOOP in fn;
}
