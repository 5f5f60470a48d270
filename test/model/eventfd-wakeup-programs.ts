/**
 * Producers and an owner whose thread sleeps in libuv, where the wake-up word's notify() wakes it, and an eventfd as well. The eventfd is a
 * word that counts its writes: each is one event, until libuv has seen it.
 */
import { acknowledge, wake, Sleeper, wakeByEventfd } from '@ringloop/threadsafe/internal';
import {
  type BellBuffers,
  makeBell,
  PUBLISHED,
  RETURNED,
  SEEN,
  WORD_NAMES as BELL_NAMES,
} from './wake-word-programs.js';
import type { ModelThread } from './worker.js';

export interface WakeupBuffers extends BellBuffers {
  readonly eventfd: SharedArrayBuffer;
}

// As in wake-word.ts.
const WAKE_WORD = 0;
const EVENTFD = 1;
const WRITES = 2;
const STATE = 3;
const SIGNALLED = 1;
const ASLEEP = 2;

const ALL = 0x7fffffff;

export const WORD_NAMES = { ...BELL_NAMES, [EVENTFD]: 'EVENTFD', [WRITES]: 'WRITES' };

export const makeWakeup = (): WakeupBuffers => ({ ...makeBell(), eventfd: new SharedArrayBuffer(4) });

export interface WriterInput {
  readonly producer: number;
  readonly items: number;
  /** False: it can only notify. */
  readonly writes: boolean;
  /** Instead of the wake-up word's. */
  readonly ring?: keyof typeof WRONG_RINGS;
}

export interface ListenerInput {
  readonly producers: number;
  /** Once it has slept, it does not listen to the eventfd any more. */
  readonly stops?: boolean;
  /** It does so without another look. */
  readonly stopsBlindly?: boolean;
}

/** Publishes and wakes, `items` times. */
export function write({ words, eventfd }: WakeupBuffers, { atomics, input }: ModelThread): void {
  const view = new Int32Array(words);
  const count = new Int32Array(eventfd);
  const { producer, items, writes, ring: wrong } = input as WriterInput;
  const writeEventfd = (): boolean => {
    atomics.add(count, 0, 1);
    atomics.notify(count, 0, ALL);
    return true;
  };
  wakeByEventfd(writes ? writeEventfd : null);
  try {
    for (let n = 1; n <= items; n++) {
      atomics.add(view, PUBLISHED + producer, 1);
      if (wrong === undefined) wake(view);
      else WRONG_RINGS[wrong](view, atomics, writeEventfd);
      view[RETURNED + producer] = n;
    }
  } finally {
    wakeByEventfd(null); // the thread runs other programs after this one
  }
}

/** Looks and sleeps, for ever. */
export function listen({ words, eventfd }: WakeupBuffers, { atomics, input }: ModelThread): void {
  const view = new Int32Array(words);
  const libuv = new Libuv(new Int32Array(eventfd), atomics);
  const { producers, stops = false, stopsBlindly = false } = input as ListenerInput;
  let notified: Promise<unknown> | null = null;
  const sleeper = new Sleeper(view, (woken) => void (notified = woken));
  const trySleep = (): boolean => {
    acknowledge(view);
    for (let i = 0; i < producers; i++) view[SEEN + i] = atomics.load(view, PUBLISHED + i);
    return sleeper.trySleep();
  };
  sleeper.listenTo(0);
  while (true) {
    if (!trySleep()) continue;
    if (stops || stopsBlindly) {
      sleeper.listenTo(null);
      libuv.forgetEventfd();
    }
    if (stops && !trySleep()) continue;
    // trySleep() has registered it.
    while (libuv.poll(notified!) === 'eventfd') if (sleeper.wasWrittenTo()) break;
    if (!libuv.wasNotified) continue;
    notified = null;
    sleeper.woken();
  }
}

/** What a thread sleeps in. */
class Libuv {
  wasNotified = false;
  readonly #count: Int32Array;
  readonly #atomics: Atomics;
  #seen = 0;
  #event: Promise<unknown> | null = null;
  #hasEventfd = true;

  constructor(count: Int32Array, atomics: Atomics) {
    this.#count = count;
    this.#atomics = atomics;
  }

  forgetEventfd(): void {
    this.#hasEventfd = false;
  }

  /** Sleeps until something happens. */
  poll(notified: Promise<unknown>): 'eventfd' | 'notify' {
    this.wasNotified = false;
    if (!this.#hasEventfd) {
      this.#atomics.sleepUntilWoken(notified);
      this.wasNotified = true;
      return 'notify';
    }
    const event = this.#await();
    if (event === null) return this.#collect();
    const [byNotify, byEventfd] = this.#atomics.sleepUntilOneWoken(notified, event);
    this.wasNotified = byNotify;
    if (byEventfd) this.#event = null;
    return byNotify ? 'notify' : this.#collect();
  }

  /** Null: there was an event since the last one was seen. */
  #await(): Promise<unknown> | null {
    if (this.#event !== null) return this.#event;
    const wait = this.#atomics.waitAsync(this.#count, 0, this.#seen);
    return wait.async ? (this.#event = wait.value) : null;
  }

  #collect(): 'eventfd' {
    this.#seen = this.#atomics.load(this.#count, 0);
    return 'eventfd';
  }
}

type Atomics = ModelThread['atomics'];
type Write = () => boolean;

/** `wake()` where the owner is found asleep; it tells the same from the same wake-up word otherwise. */
function wakeWith(
  wake: (words: Int32Array, word: number, atomics: Atomics, write: Write) => void,
): (words: Int32Array, atomics: Atomics, write: Write) => void {
  return (words, atomics, write) => {
    const { cas, load } = atomics;
    while (true) {
      const word = load(words, WAKE_WORD);
      if ((word & STATE) === SIGNALLED) return;
      if ((word & STATE) !== ASLEEP) {
        if (cas(words, WAKE_WORD, word, word | SIGNALLED) === word) return;
        continue;
      }
      wake(words, word, atomics, write);
      return;
    }
  };
}

const mark = (words: Int32Array, word: number, { cas }: Atomics): number =>
  cas(words, WAKE_WORD, word, (word & ~STATE) | SIGNALLED);

const WRONG_RINGS = {
  /** An owner that wakes in between finds that nobody has written for it, and sleeps on. */
  writesFirst: wakeWith((words, word, atomics, write) => {
    write();
    atomics.add(words, WRITES, 1);
    mark(words, word, atomics);
  }),
  /** Killed in between, it has silenced everybody. */
  marksFirst: wakeWith((words, word, atomics, write) => {
    mark(words, word, atomics);
    atomics.add(words, WRITES, 1);
    write();
  }),
  /** The owner may stop listening, look, and sleep anew, before the wake-up word is read. */
  readsEventfdFirst: (words: Int32Array, atomics: Atomics, write: Write): void => {
    const listens = atomics.load(words, EVENTFD) !== 0;
    wakeWith((_, word) => {
      if (listens) {
        atomics.add(words, WRITES, 1);
        write();
      } else atomics.notify(words, WAKE_WORD, ALL);
      mark(words, word, atomics);
    })(words, atomics, write);
  },
};
