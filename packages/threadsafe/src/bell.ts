/**
 * The bell of an inbox: one shared word by which producers learn whether the owner must be woken, and the owner whether
 * somebody has called. Any thread may ring. Only the owner hushes, sleeps and closes (or the thread that saw it end).
 *
 *   low 2 bits   set by               means
 *   QUIET        owner                awake; nothing published since it last looked
 *   RUNG         producers (cas)      something was published; whoever comes next need do nothing
 *   ASLEEP       owner (cas)          in Atomics.waitAsync on this word, or about to be
 *   CLOSED       owner                nobody looks any more
 *   other bits   owner                epoch: how often it has gone to sleep, modulo 2^30
 *
 * 1. A producer publishes first and rings then. The owner hushes first and looks then. So what the owner has not seen has
 *    left the bell RUNG, or its producer has yet to ring.
 * 2. ASLEEP is only left by a producer after its notify(). Killed before it, it leaves the word ASLEEP and the next producer
 *    notifies; killed after it, the owner wakes. No word says "woken" of an owner that nobody has woken.
 * 3. For that the owner registers its waiter and *then* looks at the lanes once more: a publication it does not see comes
 *    after the waiter, and so its producer's notify() finds the waiter. (Look, then sleep, is the known-bad order: lost wake-up.)
 * 4. The epoch keeps a slow producer, whose notify() woke sleep n, from marking sleep n+1 as woken. It would have to be
 *    stopped for 2^30 sleeps to be fooled.
 * 5. A waiter cannot be cancelled. An owner that wakes by itself keeps it for its next sleep; there is never more than one.
 *
 * Why one word: the fast path of a producer whose owner is awake is a single load.
 * Source: the sleeping flag of Seastar's smp queues and Netty's wakenUp, for a sleeper that shares its word with its waker.
 */
import { cas, load, notify, store, waitAsync } from '#atomics';

/** Where the bell stands in the control words of an inbox. */
export const BELL = 0;

const QUIET = 0;
const RUNG = 1;
const ASLEEP = 2;
const CLOSED = 3;
const STATE = 3;
const EPOCH_STEP = 4;

/** Producer, after publishing: wakes the owner if it sleeps. False: the inbox is closed, the publication will not be seen. */
export function ring(words: Int32Array): boolean {
  while (true) {
    const bell = load(words, BELL);
    const state = bell & STATE;
    if (state === RUNG) return true;
    if (state === CLOSED) return false;
    if (state === ASLEEP) notify(words, BELL, 1);
    if (cas(words, BELL, bell, (bell & ~STATE) | RUNG) === bell) return true;
  }
}

/** Whether a producer has rung since the owner last hushed. */
export function isRung(words: Int32Array): boolean {
  return (load(words, BELL) & STATE) === RUNG;
}

/** Owner, before it looks at the lanes. */
export function hush(words: Int32Array): void {
  store(words, BELL, (load(words, BELL) & ~STATE) | QUIET);
}

/** Owner: nobody will look any more. */
export function closeBell(words: Int32Array): void {
  store(words, BELL, (load(words, BELL) & ~STATE) | CLOSED);
}

export function isClosed(words: Int32Array): boolean {
  return (load(words, BELL) & STATE) === CLOSED;
}

/** The owner's side of sleeping: at most one waiter, kept from one sleep to the next. */
export class Sleeper {
  readonly #words: Int32Array;
  /** Called when the waiter is woken, in a task of its own. */
  readonly #onWaiter: (woken: Promise<unknown>) => void;
  #waiting = false;

  constructor(words: Int32Array, onWaiter: (woken: Promise<unknown>) => void) {
    this.#words = words;
    this.#onWaiter = onWaiter;
  }

  /** Goes to sleep unless there is something to see; `lookAgain` tells, from the lanes. False: stay awake. */
  trySleep(lookAgain: () => boolean): boolean {
    const words = this.#words;
    const bell = load(words, BELL);
    if ((bell & STATE) !== QUIET) return false;
    const asleep = (bell + EPOCH_STEP) | ASLEEP;
    if (cas(words, BELL, bell, asleep) !== bell) return false;
    if (!this.#waiting) {
      const wait = waitAsync(words, BELL, asleep);
      if (!wait.async) return false; // rung in between
      this.#waiting = true;
      this.#onWaiter(wait.value);
    }
    if (!lookAgain()) return true;
    hush(words);
    return false;
  }

  /** The waiter was woken and is gone. */
  woken(): void {
    this.#waiting = false;
  }
}
