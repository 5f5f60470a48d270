/** Threads that load koffi, and those that end them: as a LoopGroup ends a member, and as the main thread ends at its exit. */
import { LOADING_MS, LoadingTable } from '@ringloop/net/internal';
import type { ModelThread } from './worker.js';

export interface LoadingBuffers {
  readonly table: SharedArrayBuffer;
  /** By thread: 1 while it loads, 2 once it has been ended, 3: both, which aborts the process. */
  readonly notes: SharedArrayBuffer;
}

const LOADS = 1;
const ENDED = 2;
export const SLOTS = 4;
const DOOM = SLOTS;

export const WORD_NAMES = { 1: 'LOADER[1]', 2: 'LOADER[2]', [DOOM]: 'DOOM' };

export const makeLoading = (): LoadingBuffers => ({
  table: new SharedArrayBuffer((SLOTS + 1) * 4),
  notes: new SharedArrayBuffer(32),
});

/** Stands for a thread that waits to be terminated. */
class StandsStill extends Error {}

const tableOf = ({ table }: LoadingBuffers, self: number): LoadingTable => {
  let clock = 0;
  return new LoadingTable({
    memory: table,
    self,
    now: () => (clock += LOADING_MS / 4), // it has to look a few times before the time is up
    standStill: () => {
      throw new StandsStill('about to be terminated');
    },
  });
};

/** Marks what a thread is in, and fails where it may not be both. */
function note({ notes }: LoadingBuffers, thread: number, what: number, { atomics }: ModelThread): void {
  const before = atomics.or(new Int32Array(notes), thread, what);
  if ((before | what) === (LOADS | ENDED))
    throw new Error(`Thread ${thread} was ended while it loaded koffi`);
}

export interface LoaderInput {
  /** Its key. */
  readonly self: number;
  /** Looks at DOOM before it marks its slot. */
  readonly looksFirst?: boolean;
}

/** Loads, and says whether it was let. */
export function loadKoffi(buffers: LoadingBuffers, thread: ModelThread): 'loaded' | 'stands still' {
  const { self, looksFirst = false } = thread.input as LoaderInput;
  const body = (): void => {
    note(buffers, self, LOADS, thread);
    const words = new Int32Array(buffers.notes);
    const { cas, load } = thread.atomics;
    for (let seen = load(words, self); ;) {
      const found = cas(words, self, seen, seen & ~LOADS);
      if (found === seen) return;
      seen = found;
    }
  };
  try {
    if (looksFirst) lookThenLoad(buffers, self, body, thread);
    else tableOf(buffers, self).whileLoading(body);
    return 'loaded';
  } catch (thrown) {
    if (thrown instanceof StandsStill) return 'stands still';
    throw thrown;
  }
}

function lookThenLoad(
  buffers: LoadingBuffers,
  self: number,
  body: () => void,
  { atomics }: ModelThread,
): void {
  const words = new Int32Array(buffers.table);
  if (atomics.load(words, DOOM) !== 0) throw new StandsStill('about to be terminated');
  if (atomics.cas(words, self, 0, self) !== 0) throw new StandsStill('about to be terminated');
  body();
  atomics.cas(words, self, self, 0);
  atomics.notify(words, self, Infinity);
}

export interface EnderInput {
  readonly self: number;
  /** The key of the thread to end; null: all. */
  readonly ends: number | null;
  /** How many threads there are. */
  readonly threads: number;
  /** Ends it without asking. */
  readonly blindly?: boolean;
}

/** Ends one thread, or all: from then on they run no more. */
export function endThreads(buffers: LoadingBuffers, thread: ModelThread): void {
  const { self, ends, threads, blindly = false } = thread.input as EnderInput;
  const table = tableOf(buffers, self);
  if (ends === null) {
    if (!blindly) table.doomAll();
    for (let key = 1; key <= threads; key++) note(buffers, key, ENDED, thread);
  } else {
    if (!blindly) table.doom(ends);
    note(buffers, ends, ENDED, thread);
  }
}
