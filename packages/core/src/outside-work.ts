/**
 * Counts the work outside of a loop that will report to it. A loop with nothing ready and nothing scheduled waits for this
 * work; without any, it is deadlocked.
 */
export class OutsideWork {
  #threads = 0;
  #promises = 0;

  /** Jobs of executors, and calls into other threads. */
  get threads(): number {
    return this.#threads;
  }

  /** Native promises. */
  get promises(): number {
    return this.#promises;
  }

  /** One more piece of work has begun. Returns what to call, once, when it has reported. */
  track(kind: 'thread' | 'promise'): () => void {
    if (kind === 'promise') {
      this.#promises++;
      return () => {
        this.#promises--;
      };
    }
    this.#threads++;
    return () => {
      this.#threads--;
    };
  }
}
