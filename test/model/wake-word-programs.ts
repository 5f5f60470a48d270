/**
 * Producers and an owner around the wake-up word, and wake-up words that are wrong. Publishing is counting up a word: what a lane adds to
 * that has programs of its own.
 */
import { acknowledge, isSignalled, wake, Sleeper } from '@ringloop/threadsafe/internal';
import type { ModelThread } from './worker.js';

export interface BellBuffers {
  readonly words: SharedArrayBuffer;
}

const WAKE_WORD = 0;
const MOST_PRODUCERS = 2;
/** Words by producer: items published; calls of `wake()` that have returned; items that the owner has seen. */
export const PUBLISHED = 4; // behind the words of the wake-up word
export const RETURNED = PUBLISHED + MOST_PRODUCERS; // plain
export const SEEN = RETURNED + MOST_PRODUCERS; // plain

export const WORD_NAMES = { [WAKE_WORD]: 'WAKE_WORD', [PUBLISHED]: 'FIRST', [PUBLISHED + 1]: 'SECOND' };

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
  /** Instead of the wake-up word's. */
  readonly ring?: keyof typeof WRONG_RINGS;
}

export interface OwnerInput {
  readonly producers: number;
  /** Sleeps that end at once, by themselves: a timer was due. */
  readonly ownWakeUps?: number;
  /** Each turn begins as `callSoon()` does, and asserts that it sees what had been called before. */
  readonly callsSoon?: boolean;
  /** Instead of the wake-up word's. */
  readonly sleeper?: keyof typeof WRONG_SLEEPERS;
  /** The known-bad order. */
  readonly acknowledgesLate?: boolean;
}

/** Publishes and wakes, `items` times. */
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
    acknowledgesLate = false,
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
    if (!acknowledgesLate) acknowledge(words);
    look();
    if (acknowledgesLate) acknowledge(words);
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

// As in wake-word.ts.
const AWAKE = 0;
const SIGNALLED = 1;
const ASLEEP = 2;
const STATE = 3;
const EPOCH_STEP = 8;

const WRONG_RINGS = {
  /** Leaves ASLEEP, then notifies: killed in between, it has silenced everybody. */
  notifyLast: (words: Int32Array, { cas, load, notify }: Atomics): void => {
    while (true) {
      const word = load(words, WAKE_WORD);
      if ((word & STATE) === SIGNALLED) return;
      if (cas(words, WAKE_WORD, word, (word & ~STATE) | SIGNALLED) !== word) continue;
      if ((word & STATE) === ASLEEP) notify(words, WAKE_WORD, 1);
      return;
    }
  },
  /** Wakes a sleeper without a mark: one that has woken by itself does not know. */
  notifyOnly: (words: Int32Array, { cas, load, notify }: Atomics): void => {
    const word = load(words, WAKE_WORD);
    if ((word & STATE) === ASLEEP) notify(words, WAKE_WORD, 1);
    else if (cas(words, WAKE_WORD, word, (word & ~STATE) | SIGNALLED) !== word) notify(words, WAKE_WORD, 1);
  },
  /** Gives up where the owner fell asleep between its load and its cas. */
  onceOnly: (words: Int32Array, { cas, load, notify }: Atomics): void => {
    const word = load(words, WAKE_WORD);
    if ((word & STATE) === ASLEEP) notify(words, WAKE_WORD, 1);
    if ((word & STATE) !== SIGNALLED) cas(words, WAKE_WORD, word, (word & ~STATE) | SIGNALLED);
  },
};

const WRONG_SLEEPERS = {
  /** Says ASLEEP whatever came after the look. */
  lookThenSleep: makeSleeper(({ load, store, waitAsync }, words, register) => {
    const asleep = ((load(words, WAKE_WORD) & ~STATE) + EPOCH_STEP) | ASLEEP;
    store(words, WAKE_WORD, asleep);
    return register(() => waitAsync(words, WAKE_WORD, asleep));
  }),
  /** Says ASLEEP before anybody waits. */
  asleepFirst: makeSleeper(({ cas, load, waitAsync }, words, register) => {
    const word = load(words, WAKE_WORD);
    const asleep = (word + EPOCH_STEP) | ASLEEP;
    if ((word & STATE) !== AWAKE || cas(words, WAKE_WORD, word, asleep) !== word) return false;
    return register(() => waitAsync(words, WAKE_WORD, asleep));
  }),
  /** Every sleep looks the same: who was slow to wake one marks the next as woken. */
  noEpoch: makeSleeper(({ cas, load, waitAsync }, words, register) => {
    const word = load(words, WAKE_WORD);
    if ((word & STATE) !== AWAKE || !register(() => waitAsync(words, WAKE_WORD, word))) return false;
    return cas(words, WAKE_WORD, word, word | ASLEEP) === word;
  }),
};

type Wait = ReturnType<Atomics['waitAsync']>;

/** A sleeper that keeps its waiter as the wake-up word's does. */
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
