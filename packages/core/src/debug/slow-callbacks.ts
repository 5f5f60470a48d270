import type { BaseEventLoop } from '../event-loop.js';
import { inspectSafely } from './inspect-safely.js';
import { type Ready, RUN } from '../ready-queue.js';

/**
 * Debug mode's stopwatch: tells on standard error what has kept the loop from everything else for too long. A handle or a step of
 * a generator is timed by itself. What an async function does behind its `await` runs with the promise reactions after the
 * batch, which can only be timed together: then all tasks that went on there are named.
 */
export class SlowCallbacks {
  readonly #loop: BaseEventLoop;
  /** What runs now. Python: loop._current_handle. */
  current: Ready | null = null;
  #resumed = new Set<unknown>();

  constructor(loop: BaseEventLoop) {
    this.#loop = loop;
  }

  run(entry: Ready): void {
    const started = performance.now();
    this.current = entry;
    const owners = [entry.onBehalfOf].flat().filter((owner) => owner != null); // afterwards they do not wait any more
    try {
      entry[RUN]();
    } finally {
      this.current = null;
      this.#tell(performance.now() - started, () => inspectSafely(owners[0] ?? entry));
      for (const owner of owners) this.#resumed.add(owner);
    }
  }

  /** The batch is over, and its promise reactions come next. */
  batchEnded(): void {
    const started = performance.now();
    const resumed = this.#resumed;
    this.#resumed = new Set();
    // A microtask queues this only to get behind all the others: process.nextTick() has its turn when no microtask is left.
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
