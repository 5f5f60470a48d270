/**
 * Producers and an owner around the bell, and bells that are wrong. Publishing is counting up a word: what a lane adds to
 * that has programs of its own.
 */
import { acknowledge, isSignalled, wake, Sleeper } from '@ringloop/threadsafe/internal';
import type { ModelThread } from './worker.js';

export interface BellBuffers {
  readonly words: SharedArrayBuffer;
}

const BELL = 0;
const MOST_PRODUCERS = 2;
/** Words by producer: items published; calls of `ring()` that have returned; items that the owner has seen. */
export const PUBLISHED = 4; // behind the words of the bell
export const RETURNED = PUBLISHED + MOST_PRODUCERS; // plain
export const SEEN = RETURNED + MOST_PRODUCERS; // plain

export const WORD_NAMES = { [BELL]: 'BELL', [PUBLISHED]: 'FIRST', [PUBLISHED + 1]: 'SECOND' };

export const makeBell = (): BellBuffers => ({ words: new SharedArrayBuffer((SEEN + MOST_PRODUCERS) * 4) });

/** What there was to see, for `check`. */
export function readBell(
  { words }: BellBuffers,
  producer: number,
): Record<'published' | 'returned' | 'seen', number> {
  const view = new Int32Array(words);
  return {
    published: view[PUBLISHED + producer]!,
    returned: view[RETURNED + producer]!,
    seen: view[SEEN + producer]!,
  };
}

export interface ProducerInput {
  readonly producer: number;
  readonly items: number;
  /** Instead of the bell's. */
  readonly ring?: keyof typeof WRONG_RINGS;
}

export interface OwnerInput {
  readonly producers: number;
  /** Sleeps that end at once, by themselves: a timer was due. */
  readonly ownWakeUps?: number;
  /** Each turn begins as `callSoon()` does, and asserts that it sees what had been called before. */
  readonly callsSoon?: boolean;
  /** Instead of the bell's. */
  readonly sleeper?: keyof typeof WRONG_SLEEPERS;
  /** The known-bad order. */
  readonly hushesLate?: boolean;
}

/** Publishes and rings, `items` times. */
export function produce(buffers: BellBuffers, thread: ModelThread): void {
  const words = new Int32Array(buffers.words);
  const { producer, items, ring: wrong } = thread.input as ProducerInput;
  for (let n = 1; n <= items; n++) {
    thread.atomics.add(words, PUBLISHED + producer, 1);
    if (wrong === undefined) wake(words);
    else WRONG_RINGS[wrong](words, thread.atomics);
    words[RETURNED + producer] = n;
  }
}

/** Looks and sleeps, for ever. */
export function own(buffers: BellBuffers, { atomics, input }: ModelThread): void {
  const words = new Int32Array(buffers.words);
  const {
    producers,
    ownWakeUps = 0,
    callsSoon = false,
    sleeper: wrong,
    hushesLate = false,
  } = input as OwnerInput;
  let waiter: Promise<unknown> | null = null;
  const onWaiter = (woken: Promise<unknown>): void => void (waiter = woken);
  const sleeper =
    wrong === undefined ? new Sleeper(words, onWaiter) : WRONG_SLEEPERS[wrong](words, atomics, onWaiter);
  const look = (): void => {
    for (let i = 0; i < producers; i++) words[SEEN + i] = atomics.load(words, PUBLISHED + i);
  };
  let asleep = 0;
  while (true) {
    if (callsSoon) callSoon(words, producers, look);
    if (!hushesLate) acknowledge(words);
    look();
    if (hushesLate) acknowledge(words);
    if (!sleeper.trySleep() || ++asleep <= ownWakeUps) continue;
    atomics.sleepUntilWoken(waiter);
    waiter = null;
    sleeper.woken();
  }
}

/** Before its own call is queued, the loop takes in those that other threads have made before. */
function callSoon(words: Int32Array, producers: number, look: () => void): void {
  const returned = words.slice(RETURNED, RETURNED + producers);
  if (isSignalled(words)) {
    acknowledge(words);
    look();
  }
  const overtaken = returned.findIndex((count, producer) => count > words[SEEN + producer]!);
  if (overtaken !== -1) throw new Error(`A call of producer ${overtaken} was overtaken`);
}

type Atomics = ModelThread['atomics'];
interface AnySleeper {
  trySleep(): boolean;
  woken(): void;
}
type MakeSleeper = (
  words: Int32Array,
  atomics: Atomics,
  onWaiter: (woken: Promise<unknown>) => void,
) => AnySleeper;

// As in bell.ts.
const QUIET = 0;
const RUNG = 1;
const ASLEEP = 2;
const STATE = 3;
const EPOCH_STEP = 8;

const WRONG_RINGS = {
  /** Leaves ASLEEP, then notifies: killed in between, it has silenced everybody. */
  notifyLast: (words: Int32Array, { cas, load, notify }: Atomics): void => {
    while (true) {
      const bell = load(words, BELL);
      if ((bell & STATE) === RUNG) return;
      if (cas(words, BELL, bell, (bell & ~STATE) | RUNG) !== bell) continue;
      if ((bell & STATE) === ASLEEP) notify(words, BELL, 1);
      return;
    }
  },
  /** Wakes a sleeper without a mark: one that has woken by itself does not know. */
  notifyOnly: (words: Int32Array, { cas, load, notify }: Atomics): void => {
    const bell = load(words, BELL);
    if ((bell & STATE) === ASLEEP) notify(words, BELL, 1);
    else if (cas(words, BELL, bell, (bell & ~STATE) | RUNG) !== bell) notify(words, BELL, 1);
  },
  /** Gives up where the owner fell asleep between its load and its cas. */
  onceOnly: (words: Int32Array, { cas, load, notify }: Atomics): void => {
    const bell = load(words, BELL);
    if ((bell & STATE) === ASLEEP) notify(words, BELL, 1);
    if ((bell & STATE) !== RUNG) cas(words, BELL, bell, (bell & ~STATE) | RUNG);
  },
};

const WRONG_SLEEPERS = {
  /** Says ASLEEP whatever came after the look. */
  lookThenSleep: makeSleeper(({ load, store, waitAsync }, words, register) => {
    const asleep = ((load(words, BELL) & ~STATE) + EPOCH_STEP) | ASLEEP;
    store(words, BELL, asleep);
    return register(() => waitAsync(words, BELL, asleep));
  }),
  /** Says ASLEEP before anybody waits. */
  asleepFirst: makeSleeper(({ cas, load, waitAsync }, words, register) => {
    const bell = load(words, BELL);
    const asleep = (bell + EPOCH_STEP) | ASLEEP;
    if ((bell & STATE) !== QUIET || cas(words, BELL, bell, asleep) !== bell) return false;
    return register(() => waitAsync(words, BELL, asleep));
  }),
  /** Every sleep looks the same: who was slow to wake one marks the next as woken. */
  noEpoch: makeSleeper(({ cas, load, waitAsync }, words, register) => {
    const bell = load(words, BELL);
    if ((bell & STATE) !== QUIET || !register(() => waitAsync(words, BELL, bell))) return false;
    return cas(words, BELL, bell, bell | ASLEEP) === bell;
  }),
};

type Wait = ReturnType<Atomics['waitAsync']>;

/** A sleeper that keeps its waiter as the bell's does. */
function makeSleeper(
  trySleep: (atomics: Atomics, words: Int32Array, register: (wait: () => Wait) => boolean) => boolean,
): MakeSleeper {
  return (words, atomics, onWaiter) => {
    let waiting = false;
    const register = (begin: () => Wait): boolean => {
      if (waiting) return true;
      const wait = begin();
      if (!wait.async) return false;
      waiting = true;
      onWaiter(wait.value);
      return true;
    };
    return { trySleep: () => trySleep(atomics, words, register), woken: () => void (waiting = false) };
  };
}
