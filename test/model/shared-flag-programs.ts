/** Threads that raise, lower and wait for a SharedEvent, or cancel and look at a CancelToken, and ways to do so that are wrong. */
import { CancelToken, REPAIR, SharedEvent, type Sleep } from '@ringloop/threadsafe/internal';
import { cancelAsleep, finish, sleepHere } from './shared-sleep.js';
import type { ModelThread } from './worker.js';

export interface FlagBuffers {
  readonly flag: SharedArrayBuffer;
  /** A plain word: the flag for which a waiter first fell asleep, and 1. */
  readonly notes: SharedArrayBuffer;
}

const FLAG = 0;
const UP = 1;

export const makeEvent = (): FlagBuffers => ({
  flag: new SharedArrayBuffer(4),
  notes: new SharedArrayBuffer(4),
});
export const makeToken = (): FlagBuffers => ({
  flag: new SharedArrayBuffer(4096),
  notes: new SharedArrayBuffer(4),
});

export const EVENT_NAMES = { [FLAG]: 'FLAG' };
export const TOKEN_NAMES = { 0: 'STATE', 1: 'WRITER' };

/** Whether the flag was raised since the waiter fell asleep. */
export function wasRaised({ flag, notes }: FlagBuffers): boolean {
  const [before = 0] = new Int32Array(notes);
  const [now = 0] = new Int32Array(flag);
  return before !== 0 && now >> 1 !== (before - 1) >> 1;
}

const eventOver = ({ flag }: FlagBuffers): SharedEvent =>
  new SharedEvent({ kind: 'SharedEvent', memory: flag });
const tokenOver = ({ flag }: FlagBuffers): CancelToken =>
  new CancelToken({ kind: 'CancelToken', memory: flag });

export interface RaiserInput {
  readonly clears?: boolean;
  /** Wakes first, and raises the flag then. */
  readonly notifiesFirst?: boolean;
}

export function raise(buffers: FlagBuffers, { atomics, input }: ModelThread): void {
  const { clears = false, notifiesFirst = false } = input as RaiserInput;
  const event = eventOver(buffers);
  if (notifiesFirst) {
    const words = new Int32Array(buffers.flag);
    atomics.notify(words, FLAG, Infinity);
    atomics.store(words, FLAG, UP);
  } else event.set();
  if (clears) event.clear();
}

export interface WaiterInput {
  /** One more wait before, which is cancelled asleep. */
  readonly cancelsOne?: boolean;
  /** Looks at the flag alone, not at how often it was raised. */
  readonly looksAtFlagOnly?: boolean;
  /** Looks, and sleeps whatever came after. */
  readonly looksThenSleeps?: boolean;
}

export async function waitForEvent(buffers: FlagBuffers, thread: ModelThread): Promise<void> {
  const {
    cancelsOne = false,
    looksAtFlagOnly = false,
    looksThenSleeps = false,
  } = thread.input as WaiterInput;
  const { atomics } = thread;
  const words = new Int32Array(buffers.flag);
  const notes = new Int32Array(buffers.notes);
  const note = (): void => {
    if (notes[0] === 0) notes[0] = words[FLAG]! + 1; // what it has just loaded
  };
  if (looksAtFlagOnly || looksThenSleeps) {
    for (let word = atomics.load(words, FLAG); (word & UP) === 0; word = atomics.load(words, FLAG)) {
      note();
      const wait = atomics.waitAsync(words, FLAG, looksThenSleeps ? atomics.load(words, FLAG) : word);
      if (wait.async) atomics.sleepUntilWoken(wait);
      if (looksThenSleeps) return;
    }
    return;
  }
  const event = eventOver(buffers);
  if (cancelsOne) cancelAsleep(event.waiting(sleepHere));
  const sleepAndNote = (): Sleep => {
    note();
    return sleepHere();
  };
  await finish(event.waiting(sleepAndNote), thread);
}

/** Learns that another thread has ended. */
export function repairEvent(buffers: FlagBuffers): void {
  eventOver(buffers)[REPAIR]();
}

export interface CancellerInput {
  readonly reason?: string;
  /** Says that it is cancelled, and writes why then. */
  readonly stateFirst?: boolean;
}

/** Whether it was the first, and whether it was cancelled then. */
export function cancel(
  buffers: FlagBuffers,
  { atomics, input }: ModelThread,
): { first: boolean; cancelled: boolean } {
  const { reason, stateFirst = false } = input as CancellerInput;
  const token = tokenOver(buffers);
  if (stateFirst) {
    const words = new Int32Array(buffers.flag);
    atomics.store(words, 0, 1);
    atomics.load(words, 1);
    new CancelToken().cancel(reason);
    return { first: true, cancelled: true };
  }
  const first = token.cancel(reason);
  return { first, cancelled: token.cancelled };
}

/** The reason it sees. */
export async function waitForToken(buffers: FlagBuffers, thread: ModelThread): Promise<unknown> {
  const token = tokenOver(buffers);
  await finish(token.waiting(sleepHere), thread);
  return token.reason ?? null;
}

export function repairToken(buffers: FlagBuffers): void {
  tokenOver(buffers)[REPAIR]();
}
