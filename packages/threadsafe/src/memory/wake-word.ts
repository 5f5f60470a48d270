/**
 * The wake-up word of an inbox: one shared word by which producers learn whether the owner must be woken, and the owner
 * whether somebody has called. Any thread may signal. Only the owner acknowledges, sleeps and closes (or the thread
 * that saw it end).
 *
 *   bits 0-1     set by               means
 *   AWAKE        owner                awake, and has looked at all that was published before
 *   SIGNALLED    producers (cas)      something was published; whoever comes next need do nothing
 *   ASLEEP       owner (cas)          waiting on this word
 *   CLOSED       owner                nobody looks any more
 *   bit 2        owner (cas)          with ASLEEP: BLOCKED, its thread waits on this word
 *   other bits   owner                epoch: how often it has gone to sleep, modulo 2^29
 *
 *   Two more words say how to wake it faster than notify() does:
 *   EVENTFD      owner                the number plus 1 of an eventfd whose event wakes its thread in libuv; 0: there
 *                                     is none
 *   WRITES       producers (add)      how often they have written there for this inbox, or were about to
 *
 * 1. A producer publishes first and wakes then; the owner acknowledges first and looks then. So what the owner has not
 *    seen has left the wake-up word SIGNALLED, or its producer has yet to signal.
 * 2. AWAKE becomes ASLEEP by cas: a producer that signals in between makes it fail. (To look and then sleep is the
 *    known-bad order.)
 * 3. ASLEEP is only seen when a waiter is registered, or a wake-up on its way: the owner registers it on the AWAKE word
 *    and falls asleep then. (After falling asleep is too late: a notify() in between finds nobody. The explorer found
 *    that.)
 * 4. A producer leaves ASLEEP only after its notify(). Killed before it, it leaves the word ASLEEP and the next
 *    producer notifies; killed after it, the owner wakes. The word never says "woken" of an owner that nobody has
 *    woken.
 * 5. The epoch keeps a producer that woke sleep n, and was slow, from marking sleep n+1 as woken. It would have to be
 *    stopped for 2^29 sleeps to be fooled.
 * 6. A waiter cannot be cancelled. An owner that wakes by itself keeps it for its next sleep: there is never more than
 *    one. It holds the memory and all that its promise leads to, the loop too: so closing wakes it for the last time.
 * 7. An owner may also block its thread (`block()`). It cannot register before it falls asleep; so a producer that
 *    finds it BLOCKED marks first and notifies then: the owner's wait either begins before that or finds the word
 *    changed. (To notify first loses the wake-up between the two. The explorer found that.) Whoever is killed in
 *    between wakes nobody: block() is for a bounded time.
 * 8. A waiter of rule 6 may be registered while the owner is blocked: so a producer wakes all there are.
 * 9. A producer that can writes to the eventfd in place of the notify(), and all rules hold of that write. A thread has
 *    one eventfd for all its inboxes: so the producer counts in WRITES first, and an owner that wakes looks whom it was
 *    for. (To write first loses the wake-up of an owner that looks in between. The explorer found that.)
 * 10. The waiter stays registered: a producer that cannot write notifies. An owner that stops listening to its eventfd
 *     clears EVENTFD first, then acknowledges, looks, and sleeps anew; a producer looks at EVENTFD after it has seen
 *     the word ASLEEP. So what it writes in vain has been seen, and the mark behind it fails by its epoch. (One that
 *     reads EVENTFD first leaves the word SIGNALLED and the owner asleep: the next producer wakes nobody. The explorer
 *     found that as well.)
 *
 * Why one word: the fast path of a producer whose owner is awake is a single load.
 * Source: the sleeping flag of Seastar's smp queues and Netty's wakenUp, for a sleeper that shares its word with its
 * waker.
 */
import { add, cas, load, notify, store, wait, waitAsync } from '#atomics';

/** Where the wake-up word stands in the control words of an inbox. */
export const WAKE_WORD = 0;
const EVENTFD = 1;
const WRITES = 2;

const AWAKE = 0;
const SIGNALLED = 1;
const ASLEEP = 2;
const CLOSED = 3;
const STATE = 3;
const BLOCKED = 4;
const EPOCH_STEP = 8;
/** All but the epoch. */
const FLAGS = STATE | BLOCKED;
/** Wakes any number of waiters. */
const ALL = 0x7fffffff;

/** Writes to an eventfd, and returns whether it could. */
export type EventfdWriter = (fd: number) => boolean;

/** Null while this thread cannot, or need not, write to eventfds. */
let writeEventfd: EventfdWriter | null = null;

/** Lets this thread wake others by their eventfd, if they have one. Null: not any more. */
export function wakeByEventfd(writer: EventfdWriter | null): void {
  writeEventfd = writer;
}

/** Producer, after publishing: wakes the owner if it sleeps. False: the inbox is closed, and nobody will look. */
export function wake(words: Int32Array): boolean {
  let word = load(words, WAKE_WORD);
  if ((word & STATE) === AWAKE) {
    const found = cas(words, WAKE_WORD, word, word | SIGNALLED);
    if (found === word) return true;
    word = found; // the owner fell asleep, or another producer signalled
  }
  const state = word & STATE;
  if (state === CLOSED) return false;
  if (state !== ASLEEP) return true;
  // The cas fails if the owner has acknowledged since: then it looks after we published.
  if ((word & BLOCKED) === 0) notifySleeper(words);
  const marked = cas(words, WAKE_WORD, word, (word & ~FLAGS) | SIGNALLED) === word;
  if (marked && (word & BLOCKED) !== 0) notify(words, WAKE_WORD, ALL);
  return true;
}

function notifySleeper(words: Int32Array): void {
  if (writeEventfd !== null) {
    const eventfd = load(words, EVENTFD); // not before the wake-up word: rule 10
    if (eventfd !== 0) {
      add(words, WRITES, 1); // before the write: rule 9
      if (writeEventfd(eventfd - 1)) return;
    }
  }
  notify(words, WAKE_WORD, ALL);
}

/** Whether a producer has signalled since the owner last acknowledged. */
export function isSignalled(words: Int32Array): boolean {
  return (load(words, WAKE_WORD) & STATE) === SIGNALLED;
}

/**
 * As `isSignalled()`, by a plain read, which takes a third of the time: for `callSoon()`. A call that had returned
 * before `callSoon()` began must be seen. It is seen, because whatever told this thread that the call had returned also
 * orders the two accesses. Missing a later call does no harm.
 */
export function plainIsSignalled(words: Int32Array): boolean {
  return ((words[WAKE_WORD] ?? AWAKE) & STATE) === SIGNALLED;
}

/** Owner: whether it fell asleep and no producer has signalled since. */
export function isAsleep(words: Int32Array): boolean {
  return (load(words, WAKE_WORD) & STATE) === ASLEEP;
}

/** Whether nobody will look any more. */
export function isClosed(words: Int32Array): boolean {
  return (load(words, WAKE_WORD) & STATE) === CLOSED;
}

/** Owner, right before it looks at the lanes. */
export function acknowledge(words: Int32Array): void {
  store(words, WAKE_WORD, (load(words, WAKE_WORD) & ~FLAGS) | AWAKE);
}

/** Owner: nobody will look any more. */
export function closeWakeWord(words: Int32Array): void {
  store(words, WAKE_WORD, (load(words, WAKE_WORD) & ~FLAGS) | CLOSED);
  notify(words, WAKE_WORD, ALL);
}

/** The owner's side of sleeping: at most one waiter, kept from one sleep to the next. */
export class Sleeper {
  readonly #words: Int32Array;
  /** Called with the promise of a new waiter. When the promise settles, `woken()` must be called. */
  readonly #onWaiter: (woken: Promise<unknown>) => void;
  #waiting = false;
  /** WRITES as last seen. */
  #writes = 0;

  constructor(words: Int32Array, onWaiter: (woken: Promise<unknown>) => void) {
    this.#words = words;
    this.#onWaiter = onWaiter;
  }

  /**
   * Lets producers wake this thread by its eventfd. Null: not any more; the owner must then acknowledge, look and sleep
   * anew.
   */
  listenTo(eventfd: number | null): void {
    store(this.#words, EVENTFD, eventfd === null ? 0 : eventfd + 1);
  }

  /**
   * Whether a producer has written to the eventfd for this inbox since the last time this was asked. `woken()` is not
   * called then.
   */
  wasWrittenTo(): boolean {
    const writes = load(this.#words, WRITES);
    if (writes === this.#writes) return false;
    this.#writes = writes;
    return true;
  }

  /** Goes to sleep, unless a producer has signalled since the last `acknowledge()`. False: stay awake and look. */
  trySleep(): boolean {
    const words = this.#words;
    const word = load(words, WAKE_WORD);
    if ((word & STATE) !== AWAKE) return false;
    if (!this.#waiting) {
      const wait = waitAsync(words, WAKE_WORD, word);
      if (!wait.async) return false; // woken in between
      this.#waiting = true;
      this.#onWaiter(wait.value);
    }
    return cas(words, WAKE_WORD, word, (word + EPOCH_STEP) | ASLEEP) === word;
  }

  /**
   * Blocks the thread until a producer signals, for at most `timeoutMs`. Does not block if a producer has signalled
   * since the last `acknowledge()`.
   */
  block(timeoutMs: number): void {
    const words = this.#words;
    const word = load(words, WAKE_WORD);
    if ((word & STATE) !== AWAKE) return;
    const asleep = (word + EPOCH_STEP) | ASLEEP | BLOCKED;
    if (cas(words, WAKE_WORD, word, asleep) === word) wait(words, WAKE_WORD, asleep, timeoutMs);
  }

  /** The waiter was woken and is gone. */
  woken(): void {
    this.#waiting = false;
  }
}
