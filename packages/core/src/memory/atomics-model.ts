/**
 * The `#atomics` seam of a thread whose operations are scheduled by a test (`--conditions=model`, test/model).
 *
 * Each operation asks the thread's scheduler for its turn, is then done on the real memory, and is reported. Sleeping
 * is modelled, not done: `waitAsync` registers a waiter with the scheduler, `notify` reaches the waiters registered
 * before it, and `sleepUntilWoken` stands for "the thread is back in its host loop with nothing else to do".
 *
 * In a thread without a scheduler this is the production seam.
 */
import * as production from './atomics.js';
import type { WaitAsyncResult } from './atomics.js';

export type { WaitAsyncResult } from './atomics.js';

/** The operations that need a turn of the scheduler, as a trace names them. */
export type Operation = 'load' | 'store' | 'cas' | 'add' | 'or' | 'notify' | 'waitAsync' | 'wait';

/** The port to the scheduler; test/model/thread-scheduler.ts implements it. */
export interface ThreadScheduler {
  /** Returns when this thread may do `operation`, or throws to unwind a thread whose schedule is over. */
  takeTurn(operation: Operation, words: Int32Array, index: number, operands: readonly number[]): void;
  /** Reports what the operation of this turn returned. */
  endTurn(result: number): void;
  /** Adds a waiter on the word behind all others. It stays until it is woken, whatever the thread does meanwhile. */
  addWaiter(words: Int32Array, index: number): number;
  /** Wakes up to `count` waiters on the word, oldest first, and returns how many were woken. */
  wake(words: Int32Array, index: number, count: number): number;
  /**
   * Returns when one of the waiters was woken. If `timed`, also when the scheduler decides that the first has waited
   * long enough.
   */
  sleep(waiter: number, timed: boolean, other?: number): 'ok' | 'timed-out';
  /** Whether the waiter was woken and so is no longer a waiter. */
  isWoken(waiter: number): boolean;
}

interface Sleeper {
  readonly waiter: number;
  readonly settle: (value: 'ok' | 'timed-out') => void;
}

let scheduler: ThreadScheduler | null = null;
let latest: WaitAsyncResult | null = null;
let sleepers = new WeakMap<Promise<unknown>, Sleeper>();

/**
 * Puts this thread under the scheduler `next`, or back on production behaviour with `null`. Forgets the waiters of the
 * last run.
 */
export function setScheduler(next: ThreadScheduler | null): void {
  scheduler = next;
  latest = null;
  sleepers = new WeakMap();
}

/**
 * Blocks this thread until its pending `waitAsync` was notified, and settles that promise: its callbacks run at the
 * thread's next `await`. `pending` is the result of the `waitAsync` or its promise; by default it is the thread's
 * latest one. A result that is not pending is returned at once.
 */
export function sleepUntilWoken(
  pending: WaitAsyncResult | Promise<unknown> | null = latest,
): 'ok' | 'not-equal' | 'timed-out' {
  if (pending === null) throw new Error('Cannot sleep: this thread has not called waitAsync');
  if ('async' in pending && !pending.async) return pending.value;
  const sleeper = sleepers.get('async' in pending ? pending.value : pending);
  if (scheduler === null || sleeper === undefined) {
    throw new Error('Cannot sleep: the waitAsync was not called under the present scheduler');
  }
  const value = scheduler.sleep(sleeper.waiter, false);
  sleeper.settle(value);
  return value;
}

/**
 * Blocks this thread until one of its two pending `waitAsync` was notified. Settles those that were, and returns which.
 * It stands for a thread in its host loop, which a notify() wakes as well as a descriptor.
 */
export function sleepUntilOneWoken(
  one: Promise<unknown>,
  other: Promise<unknown>,
): readonly [boolean, boolean] {
  const [first, second] = [sleepers.get(one), sleepers.get(other)];
  if (scheduler === null || first === undefined || second === undefined) {
    throw new Error('Cannot sleep: the waitAsync was not called under the present scheduler');
  }
  scheduler.sleep(first.waiter, false, second.waiter);
  const woken = [scheduler.isWoken(first.waiter), scheduler.isWoken(second.waiter)] as const;
  if (woken[0]) first.settle('ok');
  if (woken[1]) second.settle('ok');
  return woken;
}

/** Performs one scheduled operation: waits for the turn, performs it and reports it. */
function inTurn(
  operation: Operation,
  words: Int32Array,
  index: number,
  operands: readonly number[],
  perform: () => number,
): number {
  if (scheduler === null) return perform();
  scheduler.takeTurn(operation, words, index, operands);
  const result = perform();
  scheduler.endTurn(result);
  return result;
}

export const load: typeof production.load = (words, index) =>
  inTurn('load', words, index, [], () => production.load(words, index));

export const store: typeof production.store = (words, index, value) =>
  inTurn('store', words, index, [value], () => production.store(words, index, value));

export const cas: typeof production.cas = (words, index, expected, replacement) =>
  inTurn('cas', words, index, [expected, replacement], () =>
    production.cas(words, index, expected, replacement),
  );

export const add: typeof production.add = (words, index, value) =>
  inTurn('add', words, index, [value], () => production.add(words, index, value));

export const or: typeof production.or = (words, index, value) =>
  inTurn('or', words, index, [value], () => production.or(words, index, value));

export const notify: typeof production.notify = (words, index, count) => {
  const wake = scheduler?.wake.bind(scheduler) ?? production.notify;
  return inTurn('notify', words, index, [count], () => wake(words, index, count));
};

export const waitAsync: typeof production.waitAsync = (words, index, value) => {
  if (scheduler === null) return production.waitAsync(words, index, value);
  const waiter = registerIfEqual(scheduler, 'waitAsync', words, index, value);
  if (waiter === null) return (latest = { async: false, value: 'not-equal' });
  let settle: Sleeper['settle'] = () => undefined;
  const promise = new Promise<'ok' | 'timed-out'>((resolve) => (settle = resolve));
  sleepers.set(promise, { waiter, settle });
  return (latest = { async: true, value: promise });
};

export const wait: typeof production.wait = (words, index, value, timeoutMs) => {
  if (scheduler === null) return production.wait(words, index, value, timeoutMs);
  const waiter = registerIfEqual(scheduler, 'wait', words, index, value);
  return waiter === null ? 'not-equal' : scheduler.sleep(waiter, timeoutMs !== Infinity);
};

/** Compares and registers in one step, as the host does. */
function registerIfEqual(
  turns: ThreadScheduler,
  operation: 'wait' | 'waitAsync',
  words: Int32Array,
  index: number,
  value: number,
): number | null {
  turns.takeTurn(operation, words, index, [value]);
  const seen = production.load(words, index);
  const waiter = seen === value ? turns.addWaiter(words, index) : null;
  turns.endTurn(seen);
  return waiter;
}
