/** How a run of a loop comes to its end. */
export class Stopping {
  /** The position of the ready queue up to which entries still run. Null: `stop()` was not called. */
  #barrier: number | null = null;
  #afterBatch = false;
  /** The run is over once the promise reactions of its last batch have run. They belong to it, and may ask for the running loop. */
  #ending: { readonly exc: Error | null } | null = null;

  /** Lets what stands before `tail` run, and nothing else. Only the first call counts: a callback may schedule itself and stop. */
  stopAt(tail: number): void {
    this.#barrier ??= tail;
  }

  /** Lets the present batch run, and nothing else. */
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

  /** Where a batch ends that begins now: entries that come later wait for the next iteration or the next run. */
  endOfBatch(tail: number): number {
    return Math.min(tail, this.#barrier ?? Infinity);
  }

  /** Whether everything has run that was to run. */
  isDone(head: number): boolean {
    return this.#afterBatch || head >= (this.#barrier ?? Infinity);
  }

  /** The last batch is over. The first error counts: a reaction of a task may still throw what ends the loop. */
  end(exc: Error | null): void {
    this.#ending = { exc: this.#ending?.exc ?? exc };
  }

  /** How the run ends in the next turn. Null: it goes on. */
  get ending(): { readonly exc: Error | null } | null {
    return this.#ending;
  }

  /** The run has ended. */
  reset(): void {
    this.#ending = null;
    this.#barrier = null;
    this.#afterBatch = false;
  }
}
