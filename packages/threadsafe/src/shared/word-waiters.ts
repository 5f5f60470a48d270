import { load, notify, waitAsync } from '#atomics';
import type { Sleep } from './wait-queue.js';

/**
 * This thread's end of a shared word that anybody may change and then notifies all: those here who want to know. There is at most
 * one `waitAsync` in each thread and object, kept from one wait to the next, and none when nobody here wants to know any more:
 * it cannot be cancelled, so it is notified, and those of other threads look once for nothing.
 *
 * It does not keep alive what it belongs to: when that is collected, what is registered is notified as well.
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

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  /** Calls `listener`, once, when the word may not be `value` any more. False: it is not now. */
  listen(value: number, listener: () => void): boolean {
    if (!this.#armed) {
      const wait = waitAsync(this.#words, this.#index, value);
      if (!wait.async) return false;
      this.#armed = true;
      const watch = new WeakRef(this); // the engine holds on to the promise until it is notified
      void wait.value.then(() => watch.deref()?.tell());
    }
    this.#listeners.add(listener);
    return true;
  }

  /** A coroutine waits until the word is not `value` any more. */
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

  /** `listener` does not want to know any more. */
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
