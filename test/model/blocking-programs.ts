/**
 * Threads that wait by blocking: a writer for room in its ring, an owner for its wake-up word, and threads for each other; and
 * wrong ways to do so. A record calls a function with one number, in 16 bytes.
 */
import {
  BlockedThreads,
  FULL_LANE,
  HEAD,
  acknowledge,
  LaneWriter,
  NO_FAST_PATH,
  wake,
  Ring,
  Sleeper,
  writeCallWithNumber,
} from '@ringloop/threadsafe/internal';
import type { ModelThread } from './worker.js';

export interface BlockingBuffers {
  readonly lane: SharedArrayBuffer;
  readonly words: SharedArrayBuffer;
  readonly table: SharedArrayBuffer;
}

const RECORD_BYTES = 16;
const CAPACITY_BYTES = 64;

/** Of the table: the head has as many words as a slot. */
const SLOT_WORDS = 4;
const WHO = 0;
const FOR = 1;

export const makeBlocking = (): BlockingBuffers => ({
  lane: new SharedArrayBuffer(128 + CAPACITY_BYTES),
  words: new SharedArrayBuffer(64),
  table: new SharedArrayBuffer(4 * 16), // as many slots as threads, and the head: the search for one ends soon
});

export function nameWord(index: number, buffer: string): string | undefined {
  if (buffer === 'lane') return { 0: 'TAIL', [HEAD]: 'HEAD', 17: 'WAITING' }[index];
  if (buffer === 'words') return { 0: 'WAKE_WORD', 1: 'PUBLISHED' }[index];
  if (index === 0) return 'USED';
  return `${['WHO', 'FOR', 'TURN', 'STATE'][index % 4] ?? ''}[${Math.floor(index / 4) - 1}]`;
}

const neverGrows = (): never => {
  throw new Error('The lane grew');
};

/** Sends as many calls as the input says, and blocks where there is no room. Then it waits until all are read, without blocking. */
export async function writeAll({ lane, words }: BlockingBuffers, thread: ModelThread): Promise<void> {
  const { atomics, input } = thread;
  const {
    calls,
    wrong,
    drains = false,
  } = input as {
    calls: number;
    wrong?: 'saysNothing';
    drains?: boolean;
  };
  const writer = new LaneWriter(Ring.over(lane), neverGrows);
  for (let value = 1; value <= calls; value++) {
    if (writer.pushNumber(1, value) !== NO_FAST_PATH) {
      wake(new Int32Array(words));
      continue;
    }
    let at = writer.claim(RECORD_BYTES, 0);
    while (at === FULL_LANE) {
      if (wrong === 'saysNothing') atomics.wait(writer.ring.header, HEAD, writer.ring.loadHead(), Infinity);
      else writer.waitForRoom(RECORD_BYTES, Infinity);
      at = writer.claim(RECORD_BYTES, 0);
    }
    writeCallWithNumber(writer.ring, at, 1, value);
    writer.publish();
    wake(new Int32Array(words));
  }
  if (drains) await awaitHead(writer.ring, writer.tail, atomics);
}

/** Gives back what has been published, until it has seen as many calls as the input says. */
export function readAll({ lane, words }: BlockingBuffers, { atomics, input }: ModelThread): void {
  const { calls, wrong } = input as { calls: number; wrong?: 'looksFirst' | 'takesBack' };
  const ring = Ring.over(lane);
  const view = new Int32Array(words);
  const sleeper = new Sleeper(view, () => undefined);
  for (let head = 0; head < calls * RECORD_BYTES;) {
    acknowledge(view);
    const tail = ring.loadTail();
    if (tail === head) {
      sleeper.block(Infinity);
      continue;
    }
    // One at a time, where it would go wrong: HEAD must move again.
    head = wrong === 'takesBack' ? head + RECORD_BYTES : tail;
    if (wrong === undefined) ring.storeHead(tail);
    else if (wrong === 'looksFirst') storeHeadLate(ring, tail, atomics);
    else storeHeadAndTakeBack(ring, head, atomics);
  }
}

/** Takes back for the writer that it waits. */
function storeHeadAndTakeBack(
  ring: Ring,
  position: number,
  { load, store, notify }: ModelThread['atomics'],
): void {
  store(ring.header, HEAD, position);
  if (load(ring.header, 17) === 0) return;
  store(ring.header, 17, 0);
  notify(ring.header, HEAD, 1);
}

/** Looks whether somebody waits before it has moved HEAD. */
function storeHeadLate(ring: Ring, position: number, { load, store }: ModelThread['atomics']): void {
  const waiting = load(ring.header, 17);
  store(ring.header, HEAD, position);
  if (waiting !== 0) ring.wakeWriter();
}

async function awaitHead(ring: Ring, position: number, atomics: ModelThread['atomics']): Promise<void> {
  while (true) {
    ring.beginWaiting();
    const head = ring.loadHead();
    const waiting = ((head - position) | 0) >= 0 ? null : ring.waitForHeadAsync(head);
    if (waiting?.async === true) {
      atomics.sleepUntilWoken(waiting);
      await waiting.value;
    }
    ring.endWaiting();
    if (waiting === null) return;
  }
}

const PUBLISHED = 1;

/** Publishes and wakes. */
export function publishAndRing({ words }: BlockingBuffers, { atomics, input }: ModelThread): void {
  const { items, wrong } = input as { items: number; wrong?: 'notifiesFirst' };
  const view = new Int32Array(words);
  for (let n = 0; n < items; n++) {
    atomics.add(view, PUBLISHED, 1);
    if (wrong === undefined) wake(view);
    else notifyFirst(view, atomics);
  }
}

/** Wakes a blocked owner as if it had registered before it fell asleep. */
function notifyFirst(words: Int32Array, { cas, load, notify }: ModelThread['atomics']): void {
  const word = load(words, 0);
  if ((word & 3) === 2) notify(words, 0, 1);
  if ((word & 3) !== 1 && cas(words, 0, word, (word & ~7) | 1) !== word)
    notifyFirst(words, { cas, load, notify } as ModelThread['atomics']);
}

/** Blocks until it has seen as many as the input says. It may have a waiter of an earlier, unblocked sleep. */
export function blockOnBell({ words }: BlockingBuffers, { atomics, input }: ModelThread): void {
  const { items, sleptBefore, wrong } = input as {
    items: number;
    sleptBefore: boolean;
    wrong?: 'looksBeforeHush';
  };
  const view = new Int32Array(words);
  const sleeper = new Sleeper(view, () => undefined);
  if (sleptBefore) sleeper.trySleep(); // and was woken by something else
  while (true) {
    if (wrong !== undefined && atomics.load(view, PUBLISHED) >= items) return;
    acknowledge(view);
    if (wrong === undefined && atomics.load(view, PUBLISHED) >= items) return;
    sleeper.block(Infinity);
  }
}

export interface EnterInput {
  readonly who: number;
  /** For whom it waits, one after the other; between them it goes on. */
  readonly whom: readonly number[];
  readonly wrong?: 'looksFirst' | 'looksOnce';
}

/** For each time: whether it saw a circle. It stays in the table the last time, unless it saw one. */
export function enter({ table }: BlockingBuffers, { atomics, input }: ModelThread): boolean[] {
  const { who, whom, wrong } = input as EnterInput;
  const threads = new BlockedThreads(table);
  return whom.map((other, turn) => {
    if (wrong === 'looksFirst' && wouldClose(new Int32Array(table), who, other, atomics)) return true;
    const slot = threads.enter(who, other);
    if (slot === null) throw new Error('The table is full');
    const circle = wrong !== 'looksFirst' && threads.beginWaiting(slot) && threads.isInCircle(who);
    if (circle || turn < whom.length - 1) threads.leave(slot);
    return circle;
  });
}

const ANSWER = 2;

/** Waits for an answer of thread 2. Whether it saw a circle. */
export function ask({ words, table }: BlockingBuffers, { atomics }: ModelThread): boolean {
  const view = new Int32Array(words);
  const threads = new BlockedThreads(table);
  const slot = threads.enter(1, 2) ?? 0;
  while (true) {
    threads.look(slot);
    if (atomics.load(view, ANSWER) === 1) break;
    if (!threads.beginWaiting(slot)) continue;
    if (threads.isInCircle(1)) return true;
    atomics.wait(view, ANSWER, 0, Infinity);
  }
  threads.leave(slot);
  return false;
}

/** Answers thread 1, and waits for it right then. Whether it saw a circle. */
export function answerAndWait({ words, table }: BlockingBuffers, { atomics, input }: ModelThread): boolean {
  const view = new Int32Array(words);
  const threads = new BlockedThreads(table);
  atomics.store(view, ANSWER, 1);
  atomics.notify(view, ANSWER, 1);
  if (input !== 'stirsNobody') threads.markProgress(1, 2);
  const slot = threads.enter(2, 1) ?? 0;
  const circle = threads.beginWaiting(slot) && threads.isInCircle(2);
  threads.leave(slot);
  return circle;
}

/** Whether `who` would close a circle, asked before it enters. */
function wouldClose(
  words: Int32Array,
  who: number,
  other: number,
  { load }: ModelThread['atomics'],
): boolean {
  for (let slot = SLOT_WORDS; slot < words.length; slot += SLOT_WORDS) {
    if (load(words, slot + WHO) === other) return load(words, slot + FOR) === who;
  }
  return false;
}
