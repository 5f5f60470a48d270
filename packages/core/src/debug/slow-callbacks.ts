import { inspectSafely } from './inspect-safely.js';
import { type Ready, RUN } from '../ready-queue.js';

/**
 * Debug mode's stopwatch: warns on standard error about code that has blocked the loop for too long.
 *
 * A handle or one step of a generator is timed by itself. The code of an async function after an `await` runs with the
 * promise reactions after the batch. Those can only be timed together, so the warning names all tasks that continued
 * there.
 */
export class SlowCallbacks {
  readonly #loop: { readonly slowCallbackDuration: number };
  /** The entry that runs now. Python: loop._current_handle. */
  current: Ready | null = null;
  #resumed = new Set<unknown>();

  constructor(loop: { readonly slowCallbackDuration: number }) {
    this.#loop = loop;
  }

  run(entry: Ready): void {
    const started = performance.now();
    this.current = entry;
    // Read before the entry runs: afterwards these tasks no longer wait for it.
    const owners = [entry.onBehalfOf].flat().filter((owner) => owner != null);
    try {
      entry[RUN]();
    } finally {
      this.current = null;
      this.#tell(performance.now() - started, () => inspectSafely(owners[0] ?? entry));
      for (const owner of owners) this.#resumed.add(owner);
    }
  }

  /** Times the promise reactions that follow a batch. */
  batchEnded(): void {
    const started = performance.now();
    const resumed = this.#resumed;
    this.#resumed = new Set();
    // Stop the clock when no microtask is left: only then process.nextTick() runs, if it is called in a microtask.
    queueMicrotask(() => {
      process.nextTick(() => {
        this.#tell(performance.now() - started, () => {
          return resumed.size === 0
            ? 'promise reactions'
            : [...resumed].map((task) => inspectSafely(task)).join(', ');
        });
      });
    });
  }

  #tell(tookMs: number, what: () => string): void {
    const took = tookMs / 1000;
    if (took < this.#loop.slowCallbackDuration) return;
    console.warn(`Executing ${what()} took ${took.toFixed(3)} seconds`);
  }
}
