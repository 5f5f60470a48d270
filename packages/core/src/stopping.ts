/** How a run of a loop comes to its end. */
export class Stopping {
  /** The position of the ready queue up to which entries still run. Null: `stop()` was not called. */
  #barrier: number | null = null;
  #afterBatch = false;
  /**
   * Set when the last batch is over. The run goes on until the promise reactions of that batch have run: they belong to
   * it, and may ask for the running loop.
   */
  #ending: { readonly exc: Error | null } | null = null;

  /**
   * Lets only the entries before `tail` run. Only the first call counts: a callback may schedule itself and stop the
   * loop.
   */
  stopAt(tail: number): void {
    this.#barrier ??= tail;
  }

  /** Lets only the present batch run. */
  stopAfterBatch(): void {
    this.#afterBatch = true;
  }

  /** Whether the loop was told to stop. */
  get isRequested(): boolean {
    return this.#afterBatch || this.#barrier !== null;
  }

  /** Whether new events may be collected. A stopping loop collects none, but each run does so once. */
  mayCollect(hasCollected: boolean): boolean {
    return this.#barrier === null || !hasCollected;
  }

  /** The position where a batch ends that begins now. Later entries wait for the next iteration or the next run. */
  endOfBatch(tail: number): number {
    return Math.min(tail, this.#barrier ?? Infinity);
  }

  /** Whether everything has run that was to run. */
  isDone(head: number): boolean {
    return this.#afterBatch || head >= (this.#barrier ?? Infinity);
  }

  /**
   * Called when the last batch is over. The first error counts: afterwards the promise reaction of a task may still
   * throw an error that ends the loop.
   */
  end(exc: Error | null): void {
    this.#ending = { exc: this.#ending?.exc ?? exc };
  }

  /** How the run ends in the next turn. Null: it goes on. */
  get ending(): { readonly exc: Error | null } | null {
    return this.#ending;
  }

  /** Forgets the run that has ended. */
  reset(): void {
    this.#ending = null;
    this.#barrier = null;
    this.#afterBatch = false;
  }
}
