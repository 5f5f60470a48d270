interface SpawnedThread<T> {
  readonly by: number;
  readonly about: T;
}

/** The living descendants of one thread: those that it has spawned, and their descendants. */
export class SpawnedThreads<T> {
  readonly #root: number;
  readonly #threads = new Map<number, SpawnedThread<T>>();

  constructor(root: number) {
    this.#root = root;
  }

  /** Thread `by` has spawned thread `threadId`. Ignored if `by` is not below the root. */
  add(threadId: number, by: number, about: T): void {
    if (by === this.#root || this.#threads.has(by)) this.#threads.set(threadId, { by, about });
  }

  /** All descendants of `threadId`, children first. */
  of(threadId: number): readonly number[] {
    const found = [threadId];
    // A thread is added after its spawner, so one pass finds all levels.
    for (const [each, { by }] of this.#threads) if (found.includes(by)) found.push(each);
    return found.slice(1);
  }

  /** Forgets a thread that has ended. Returns what `add()` was given about it, or null. */
  delete(threadId: number): T | null {
    const about = this.#threads.get(threadId)?.about ?? null;
    this.#threads.delete(threadId);
    return about;
  }
}
