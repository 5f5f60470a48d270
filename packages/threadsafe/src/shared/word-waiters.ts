import { load, notify, waitAsync } from '#atomics';
import type { Sleep } from './wait-queue.js';

/**
 * This thread's listeners to a shared word that any thread may change and then notify. A thread has at most one
 * `waitAsync` for each object, kept from one wait to the next. It cannot be cancelled. So when the last listener here
 * leaves, the word is notified, and the waiters of other threads check once in vain.
 *
 * A pending `waitAsync` does not keep this object alive: when it is collected, the `waitAsync` is notified too.
 */
export class WordWaiters {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #listeners = new Set<() => void>();
  #armed = false;

  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
    abandoned.register(this, { words, index });
  }

  /** The number of listeners. */
  get size(): number {
    return this.#listeners.size;
  }

  /**
   * Calls `listener` once, when the word may have another value than `value`. Returns false if it has another value
   * already.
   */
  listen(value: number, listener: () => void): boolean {
    if (!this.#armed) {
      const wait = waitAsync(this.#words, this.#index, value);
      if (!wait.async) return false;
      this.#armed = true;
      const watch = new WeakRef(this); // the engine keeps the promise until it is notified
      void wait.value.then(() => watch.deref()?.tell());
    }
    this.#listeners.add(listener);
    return true;
  }

  /** Coroutine that waits until the word has another value than `value`. */
  *untilChanged(value: number, park: () => Sleep): Generator<unknown, void> {
    while (load(this.#words, this.#index) === value) {
      const sleep = park();
      const wake = (): void => void sleep.wake();
      try {
        if (!this.listen(value, wake)) return;
        yield sleep.token;
      } finally {
        sleep.end();
        this.forget(wake);
      }
    }
  }

  /** Removes `listener`. */
  forget(listener: () => void): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0 && this.#armed) {
      notify(this.#words, this.#index, Infinity);
    }
  }

  private tell(): void {
    this.#armed = false;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }
}

const abandoned = new FinalizationRegistry<{ words: Int32Array; index: number }>(({ words, index }) => {
  notify(words, index, Infinity);
});
