import type { Executor, ExecutorJob } from '@ringloop/core';

/** Runs jobs in this thread: at once while it is open, else when `open()` is called. */
export class GatedExecutor implements Executor {
  /** What jobs fail with instead of being run. */
  failure: Error | null = null;
  submitted = 0;
  #isOpen = true;
  #held: (() => void)[] = [];

  get held(): number {
    return this.#held.length;
  }

  close(): void {
    this.#isOpen = false;
  }

  open(): void {
    this.#isOpen = true;
    const held = this.#held;
    this.#held = [];
    for (const start of held) start();
  }

  submit<A extends unknown[], R>(fn: (...args: A) => R, args: A): ExecutorJob<Awaited<R>> {
    this.submitted++;
    const gate = new Promise<void>((resolve) => {
      if (this.#isOpen) resolve();
      else this.#held.push(resolve);
    });
    const result = gate.then(() => {
      if (this.failure !== null) throw this.failure;
      return fn(...args);
    });
    return { result: result as Promise<Awaited<R>>, cancel: () => false };
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}
