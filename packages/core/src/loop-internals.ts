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
/** Whether somebody waits for the future who has not lost interest. */
export const IS_AWAITED: unique symbol = Symbol('is awaited');
/** Settles a future's promise: the turn of its awaits has come. */
export const SETTLE_PROMISE: unique symbol = Symbol('settle promise');
/** Makes the await of a future throw, though the future is not done; false where there are others, or none. */
export const INTERRUPT: unique symbol = Symbol('interrupt');
/** The cancel() that is under way in a task. */
export const CANCEL_PASS: unique symbol = Symbol('cancel pass');
/** Makes the future that `then()` returns. */
export const THEN: unique symbol = Symbol('then');
/** Whether the task is being cancelled because it waits for one that waits for it. */
export const IN_CIRCLE: unique symbol = Symbol('in circle');
/** The engine asks a future what it is: an await begins, or what looks like one. */
export const ASKED: unique symbol = Symbol('asked');
/** What `runUntilComplete()` waits for. */
export const MAIN: unique symbol = Symbol('main');
/** How much outside of the loop will report to it: jobs of executors and calls into other threads; native promises. */
export const OUTSIDE: unique symbol = Symbol('outside');
/** When the next timer of a loop is due, in seconds of its clock; Infinity for never. */
export const NEXT_DEADLINE: unique symbol = Symbol('next deadline');
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
