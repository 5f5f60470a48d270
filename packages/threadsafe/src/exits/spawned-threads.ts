interface SpawnedThread<T> {
  readonly by: number;
  readonly about: T;
}

/** The living threads below one thread: those that it has spawned, and that they have. */
export class SpawnedThreads<T> {
  readonly #root: number;
  readonly #threads = new Map<number, SpawnedThread<T>>();

  constructor(root: number) {
    this.#root = root;
  }

  /** Thread `by` has spawned thread `threadId`. Passed over where `by` is not below the root. */
  add(threadId: number, by: number, about: T): void {
    if (by === this.#root || this.#threads.has(by)) this.#threads.set(threadId, { by, about });
  }

  /** All threads below `threadId`, children first. */
  of(threadId: number): readonly number[] {
    const found = [threadId];
    // A thread is added after the one that has spawned it, so one pass per level would be too many: one is enough.
    for (const [each, { by }] of this.#threads) if (found.includes(by)) found.push(each);
    return found.slice(1);
  }

  /** Forgets a thread that has ended. Returns what was said about it, or null. */
  delete(threadId: number): T | null {
    const about = this.#threads.get(threadId)?.about ?? null;
    this.#threads.delete(threadId);
    return about;
  }
}
