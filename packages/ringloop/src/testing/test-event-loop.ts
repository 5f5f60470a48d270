import { type LoopOptions, VirtualHost } from '@ringloop/core';
import { deadlockOf, END_RUN, NEXT_DEADLINE, waitsForThreads } from '@ringloop/core/internal';
import { EventLoop } from '../event-loop.js';

/** How a TestEventLoop keeps time. */
export interface TestEventLoopOptions extends LoopOptions {
  /** Whether the clock leaps to the next timer when the loop has nothing else to do; true by default. */
  readonly autojump?: boolean;
  /** What `time()` gives at the beginning, in seconds; 0 by default. */
  readonly startAt?: number;
}

/**
 * An event loop whose time is the test's: an hour of timers runs in a millisecond and always in the same order. With `autojump`
 * the clock leaps to the next timer as soon as nothing else is to do, and a main coroutine that can never be done, because
 * nothing is ready and nothing scheduled, rejects with DeadlockError, which names who waits for what. Without it only
 * `advance()` moves the clock. Sockets, executors and other threads work as ever, in real time, and the clock does not leap
 * while a job of an executor or a call into another thread is under way. It cannot know of what Node itself is waiting for:
 * with a native promise of real I/O behind a timeout, or a callback of Node that settles a future, use `autojump: false`.
 */
export class TestEventLoop extends EventLoop {
  readonly #virtual: VirtualHost;

  constructor({ autojump = true, startAt = 0, ...options }: TestEventLoopOptions = {}) {
    const host = new VirtualHost({
      autojump,
      startAt,
      mayLeap: () => !waitsForThreads(this),
      onIdle: () => this.#endDeadlock(),
      nextDeadline: () => this[NEXT_DEADLINE](),
    });
    super({ ...options, host });
    this.#virtual = host;
  }

  /**
   * Moves the clock by `seconds`, and runs what falls due on the way. Callbacks have run when it returns; what async functions
   * do behind an `await` follows with the promise reactions: `await` something before you look.
   * @throws {RangeError} when `seconds` is negative
   */
  advance(seconds: number): void {
    this.#virtual.advance(seconds);
  }

  #endDeadlock(): void {
    const deadlock = deadlockOf(this);
    if (deadlock !== null) this[END_RUN](deadlock);
  }
}
