/** The loop's port to time and to its thread: a loop is a guest and gets its turns from a host. */
export interface Host {
  /** Seconds, monotonic. Must be the same clock in every thread, so that deadlines can cross them. */
  time(): number;
  /** From now until `stop()`: calls `turn` when asked to and keeps the process alive. */
  start(turn: () => void): void;
  /** Gives one turn in a later macrotask, so that promise reactions run first. */
  requestTurn(): void;
  /** The thread has just looked for events: a turn that is requested now need not wait until it has looked again. */
  polled?(): void;
  /** Calls `fn` after the promise reactions of this turn, or those of them that are there by now. */
  afterReactions(fn: () => void): void;
  /** Gives one turn at `when` (seconds, `Infinity` for never), or somewhat later or earlier: the loop looks again. */
  sleepUntil(when: number): void;
  /** No more turns, and the process is kept alive no longer, until `start()` is called again. */
  stop(): void;
}
