/** Threads that take an eventfd out of the table and give it back, or end with it. */
import { EventfdTable } from '@ringloop/net/internal';
import type { ModelThread } from './worker.js';

export interface TableBuffers {
  readonly table: SharedArrayBuffer;
  /** Word 0: eventfds made. Behind it, by eventfd: the thread that has it. */
  readonly notes: SharedArrayBuffer;
}

const SLOTS = 2;
const SLOT_WORDS = 2;
const TASK = 0;
const EVENTFD = 1;

export const WORD_NAMES = { 0: 'TASK[0]', 1: 'EVENTFD[0]', 2: 'TASK[1]', 3: 'EVENTFD[1]' };

export const makeTable = (): TableBuffers => ({
  table: new SharedArrayBuffer(SLOTS * SLOT_WORDS * 4),
  notes: new SharedArrayBuffer(32),
});

export interface TakerInput {
  readonly task: number;
  /** Threads that have ended by now. */
  readonly dead?: readonly number[];
  readonly givesBack?: boolean;
  /** Instead of the table's. */
  readonly take?: 'bySight';
}

/** Returns the eventfd that it got. */
export function takeEventfd(buffers: TableBuffers, { atomics, input }: ModelThread): number | null {
  const { task, dead = [], givesBack = false, take } = input as TakerInput;
  const notes = new Int32Array(buffers.notes);
  const makeEventfd = (): number => atomics.add(notes, 0, 1) + 1;
  const isAlive = (other: number): boolean => !dead.includes(other);
  const table = new EventfdTable({ memory: buffers.table, task, isAlive, makeEventfd });
  const eventfd =
    take === undefined
      ? table.take()
      : takeBySight(new Int32Array(buffers.table), task, makeEventfd, atomics);
  if (eventfd === null) return null;
  let holder = atomics.cas(notes, eventfd, 0, task);
  if (holder !== 0 && !isAlive(holder) && atomics.cas(notes, eventfd, holder, task) === holder) holder = 0;
  if (holder !== 0) throw new Error(`Threads ${holder} and ${task} both have ${eventfd}`);
  if (givesBack) {
    atomics.store(notes, eventfd, 0);
    table.giveBack(eventfd);
  }
  return eventfd;
}

/** Looks whether a slot is free, and writes its name there. */
function takeBySight(
  words: Int32Array,
  task: number,
  makeEventfd: () => number,
  { load, store }: ModelThread['atomics'],
): number | null {
  for (let slot = 0; slot < words.length; slot += SLOT_WORDS) {
    if (load(words, slot + TASK) !== 0) continue;
    store(words, slot + TASK, task);
    if (load(words, slot + EVENTFD) === 0) store(words, slot + EVENTFD, makeEventfd() + 1);
    return load(words, slot + EVENTFD) - 1;
  }
  return null;
}
