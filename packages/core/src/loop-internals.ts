// Keys of members of a loop, handle or future that sibling files and packages may use, but users may not.
export const TASKS: unique symbol = Symbol('tasks');
/** The number of a task, in the order of creation. */
export const NUMBER: unique symbol = Symbol('number');
/** The index of a task among its loop's tasks. */
export const SLOT: unique symbol = Symbol('slot');
/** The keepers of what a loop owns. */
export const RESOURCES: unique symbol = Symbol('resources');
export const ASYNCGENS: unique symbol = Symbol('asyncgens');
export const UNRETRIEVED: unique symbol = Symbol('unretrieved');
export const STOP_AFTER_BATCH: unique symbol = Symbol('stop after batch');
export const END_RUN: unique symbol = Symbol('end run');
export const SEAL_INBOX: unique symbol = Symbol('seal inbox');
/** Queues an entry for the next iteration. Throws if the loop is closed. */
export const ENQUEUE: unique symbol = Symbol('enqueue');
/** Queues an entry once the future is done, in its place among the done callbacks. */
export const ADD_WAITER: unique symbol = Symbol('add waiter');
export const REMOVE_WAITER: unique symbol = Symbol('remove waiter');
/** Whether somebody still waits for the future. */
export const IS_AWAITED: unique symbol = Symbol('is awaited');
/** Settles a future's promise when the turn of its awaits has come. */
export const SETTLE_PROMISE: unique symbol = Symbol('settle promise');
/**
 * Makes the only await of a future throw, though the future is not done. Returns false if
 * there are several awaits, or none.
 */
export const INTERRUPT: unique symbol = Symbol('interrupt');
/** The cancel() in progress that has reached a task. */
export const CANCEL_PASS: unique symbol = Symbol('cancel pass');
/** Makes the future that `then()` returns. */
export const THEN: unique symbol = Symbol('then');
/** Whether the task is being cancelled by a task that it waits for, in a circle. */
export const IN_CIRCLE: unique symbol = Symbol('in circle');
/** Called when the engine reads a future's constructor: an await begins, or something that looks like one. */
export const ASKED: unique symbol = Symbol('asked');
/** The future that `runUntilComplete()` waits for. */
export const MAIN: unique symbol = Symbol('main');
/**
 * Counts the work outside of the loop that will report to it: jobs of executors and calls into
 * other threads; native promises.
 */
export const OUTSIDE: unique symbol = Symbol('outside');
/** When the next timer of a loop is due, in seconds of its clock. Infinity if there is no timer. */
export const NEXT_DEADLINE: unique symbol = Symbol('next deadline');
/** The AbortControllers that cancelling a task aborts. */
export const ABORTS: unique symbol = Symbol('aborts');
/** The futures that a task waits for. */
export const WAITS: unique symbol = Symbol('waits');
/** The callback of a handle. */
export const CALLBACK: unique symbol = Symbol('callback');
/** The loop of a handle. */
export const HANDLE_LOOP: unique symbol = Symbol('handleLoop');

/**
 * Marks a listener of `process` that passes a signal on to the loops that handle it. While there is one for SIGINT, no
 * Runner acts on Ctrl-C. All copies of this package know the mark.
 */
export const TAKES_SIGNALS: unique symbol = Symbol.for('ringloop.takes signals');

const STOPS_A_LOOP: unique symbol = Symbol('stops a loop');

/**
 * The `stop` of a loop. When it is passed to another thread, its mark lets it stand for the `stop` of the loop there.
 */
export type StopFunction = (() => void) & { readonly [STOPS_A_LOOP]: true };

export function stopFunction(stop: () => void): StopFunction {
  return Object.assign(stop, { [STOPS_A_LOOP]: true } as const);
}

export function isStopFunction(fn: unknown): fn is StopFunction {
  return typeof fn === 'function' && STOPS_A_LOOP in fn;
}
