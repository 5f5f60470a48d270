/**
 * Programs small enough to count their schedules by hand, good and bad. They run in the explorer's workers, against the
 * seam that they are given.
 */
import type { ModelThread } from './worker.js';

interface Words {
  readonly words: SharedArrayBuffer;
}

export const COUNTER = 0;
export const ASLEEP = 1;
export const QUEUE = 2;
export const LOCK = 3;
export const FLAG = 4;
export const DATA = 5; // accessed plainly

export const WORD_NAMES = {
  [COUNTER]: 'COUNTER',
  [ASLEEP]: 'ASLEEP',
  [QUEUE]: 'QUEUE',
  [LOCK]: 'LOCK',
  [FLAG]: 'FLAG',
};

export const makeWords = (): Words => ({ words: new SharedArrayBuffer(8 * 4) });

const LOCK_TRIES = 3; // arbitrary: programs must be bounded

const view = ({ words }: Words): Int32Array => new Int32Array(words);

/** Two operations: loses updates. */
export function incrementByStore(buffers: Words, { atomics }: ModelThread): void {
  const words = view(buffers);
  atomics.store(words, COUNTER, atomics.load(words, COUNTER) + 1);
}

/** `input` additions, one operation each. Returns the last value it saw. */
export function incrementByAdd(buffers: Words, { atomics, input }: ModelThread): number {
  const words = view(buffers);
  let seen = 0;
  for (let n = input as number; n > 0; n--) seen = atomics.add(words, COUNTER, 1);
  return seen;
}

/** `input` additions to a word of its own: independent of all other threads. */
export function incrementOwn(buffers: Words, { atomics, input }: ModelThread): void {
  const [index, times] = input as [number, number];
  const words = view(buffers);
  for (let n = times; n > 0; n--) atomics.add(words, index, 1);
}

/** Publishes one item and wakes the consumer if it said that it sleeps. */
export function produce(buffers: Words, { atomics }: ModelThread): void {
  const words = view(buffers);
  atomics.add(words, QUEUE, 1);
  if (atomics.cas(words, ASLEEP, 1, 0) === 1) atomics.notify(words, ASLEEP, 1);
}

/** The known-bad order: what comes after the look and before ASLEEP is set wakes nobody. */
export function consumeLookThenSleep(buffers: Words, { atomics }: ModelThread): void {
  const words = view(buffers);
  while (atomics.load(words, QUEUE) === 0) {
    atomics.store(words, ASLEEP, 1);
    const result = atomics.waitAsync(words, ASLEEP, 1);
    atomics.sleepUntilWoken(result);
  }
}

/** The good order: set ASLEEP, look again, only then wait. */
export function consumeSleepThenLook(buffers: Words, { atomics }: ModelThread): void {
  const words = view(buffers);
  while (atomics.load(words, QUEUE) === 0) {
    atomics.store(words, ASLEEP, 1);
    if (atomics.load(words, QUEUE) > 0) return;
    const result = atomics.waitAsync(words, ASLEEP, 1);
    atomics.sleepUntilWoken(result);
  }
}

/** Takes `input` items for ever, as a loop does: a daemon. Returns only if the queue is negative, which it never is. */
export function consumeForEver(buffers: Words, { atomics }: ModelThread): void {
  const words = view(buffers);
  while (true) {
    atomics.store(words, ASLEEP, 1);
    const items = atomics.load(words, QUEUE);
    if (items > 0) {
      if (atomics.cas(words, QUEUE, items, 0) === items) atomics.add(words, COUNTER, 1);
      continue;
    }
    atomics.sleepUntilWoken(atomics.waitAsync(words, ASLEEP, 1));
  }
}

/** Sleeps through the promise of its waiter, as a loop does; returns in which order things happened. */
export async function sleepByPromise(buffers: Words, { atomics }: ModelThread): Promise<string[]> {
  const events: string[] = [];
  const result = atomics.waitAsync(view(buffers), FLAG, 0);
  if (!result.async) return [result.value];
  void result.value.then((value) => events.push(`settled: ${value}`));
  events.push(`slept: ${atomics.sleepUntilWoken()}`);
  await result.value;
  return events;
}

/** Blocks until FLAG is raised or `input` milliseconds are over; returns why it went on. */
export function waitForFlag(buffers: Words, { atomics, input }: ModelThread): string {
  return atomics.wait(view(buffers), FLAG, 0, (input as number | undefined) ?? Infinity);
}

export function raiseFlag(buffers: Words, { atomics }: ModelThread): void {
  const words = view(buffers);
  atomics.store(words, FLAG, 1);
  atomics.notify(words, FLAG, Infinity);
}

/** Notifies without changing the word: lost on whoever does not wait yet. */
export function notifyFlag(buffers: Words, { atomics }: ModelThread): number {
  return atomics.notify(view(buffers), FLAG, 1);
}

/** One producer, one consumer, one flag: writes before it publishes. */
export function publish(buffers: Words, { atomics }: ModelThread): void {
  const words = view(buffers);
  words[DATA] = 42;
  atomics.store(words, FLAG, 1);
}

/** Publishes before it has written. */
export function publishTooEarly(buffers: Words, { atomics }: ModelThread): void {
  const words = view(buffers);
  atomics.store(words, FLAG, 1);
  words[DATA] = 42;
}

/** Returns the data if it was published, else null. */
export function readPublished(buffers: Words, { atomics }: ModelThread): number | null {
  const words = view(buffers);
  return atomics.load(words, FLAG) === 1 ? words[DATA]! : null;
}

/** Adds under a lock; sleeps while somebody else owns it. */
export function incrementLocked(buffers: Words, { atomics }: ModelThread): void {
  const words = view(buffers);
  for (let tries = LOCK_TRIES; tries > 0; tries--) {
    if (atomics.cas(words, LOCK, 0, 1) === 0) {
      words[COUNTER] = words[COUNTER]! + 1; // the lock orders it
      atomics.store(words, LOCK, 0);
      atomics.notify(words, LOCK, 1);
      return;
    }
    atomics.wait(words, LOCK, 1, Infinity);
  }
  throw new Error('The lock was never free');
}

/** Frees the lock of an owner that is gone. */
export function repairLock(buffers: Words, { atomics }: ModelThread): void {
  const words = view(buffers);
  if (atomics.cas(words, LOCK, 1, 0) === 1) atomics.notify(words, LOCK, Infinity);
}

/** Never ends. */
export function spin(buffers: Words, { atomics }: ModelThread): void {
  while (atomics.load(view(buffers), FLAG) === 0) void 0;
}

/** Behaves differently at every run. */
export function unpredictable(buffers: Words, { atomics }: ModelThread): void {
  runs += 1;
  atomics.add(view(buffers), runs % 8, 1);
  atomics.load(view(buffers), COUNTER);
}
let runs = 0;
