import { type LoopOptions, VirtualHost } from '@ringloop/core';
import { deadlockOf, END_RUN, NEXT_DEADLINE, waitsForThreads } from '@ringloop/core/internal';
import { EventLoop } from '../event-loop.js';

/** Options of a TestEventLoop. */
export interface TestEventLoopOptions extends LoopOptions {
  /** Whether the clock leaps to the next timer when the loop has nothing else to do; true by default. */
  readonly autojump?: boolean;
  /** What `time()` returns at the beginning, in seconds; 0 by default. */
  readonly startAt?: number;
}

/**
 * An event loop whose clock the test controls: an hour of timers runs in a millisecond and always in the same order.
 * With `autojump`, the clock leaps to the next timer as soon as there is nothing else to do. If nothing is ready and
 * nothing is scheduled, the main coroutine can never be done: it then rejects with DeadlockError, which names each
 * waiter and what it waits for. Without `autojump`, only `advance()` moves the clock.
 *
 * Sockets, executors and other threads work as usual, in real time. The clock does not leap while a job of an executor
 * or a call into another thread is under way. The loop cannot know what Node itself is waiting for: use `autojump:
 * false` for a native promise of real I/O behind a timeout, and for a callback of Node that settles a future.
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
   * Moves the clock forward by `seconds`, and runs the timers that fall due on the way. Their callbacks have run when
   * it returns. What async functions do behind an `await` follows with the promise reactions: `await` something before
   * you check it.
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
