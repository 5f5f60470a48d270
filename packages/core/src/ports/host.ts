/** The loop's port to time and to its thread. The loop is a guest in the thread: the host gives it turns. */
export interface Host {
  /** Seconds, monotonic. Must be the same clock in every thread, so that deadlines can be passed between threads. */
  time(): number;
  /** From now until `stop()`, calls `turn` when a turn was requested, and keeps the process alive. */
  start(turn: () => void): void;
  /** Gives one turn in a later macrotask, so that promise reactions run before it. */
  requestTurn(): void;
  /**
   * Tells the host that the thread has just polled for events: the next requested turn need not wait for another poll.
   */
  polled?(): void;
  /** Calls `fn` after the promise reactions of this turn, or at least after those that are queued by now. */
  afterReactions(fn: () => void): void;
  /**
   * Gives one turn at `when` (seconds, `Infinity` for never). The turn may come a little late or early: the loop checks
   * the time.
   */
  sleepUntil(when: number): void;
  /** Gives no more turns, and no longer keeps the process alive, until `start()` is called again. */
  stop(): void;
}
