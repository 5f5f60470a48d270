/**
 * In ms. The terminal sends a Ctrl-C to npm's child, and npm sends it to the child once more: a second signal within
 * this time is the same Ctrl-C.
 */
const SAME_SIGNAL_MS = 250;

/**
 * Turns the first Ctrl-C into an abort signal. The second one ends the process at once, because nobody listens for it
 * any more; process.exit() would still stop the worker threads in good order.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  #same: NodeJS.Timeout | undefined;
  /** In ms, as performance.now(). */
  #firstAt = 0;

  constructor() {
    process.on('SIGINT', this.#interrupted);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#same);
    process.off('SIGINT', this.#interrupted);
  }

  readonly #interrupted = (): void => {
    if (this.signal.aborted) {
      this.#repeated();
      return;
    }
    this.#firstAt = performance.now();
    this.#same = setTimeout(this.#ignore, SAME_SIGNAL_MS);
    this.#controller.abort();
  };

  /** Ends the process, if the timer is late: this thread was busy. */
  #repeated(): void {
    if (performance.now() - this.#firstAt < SAME_SIGNAL_MS) return;
    this.#ignore();
    process.kill(process.pid, 'SIGINT');
  }

  /** From now on, SIGINT ends the process. */
  readonly #ignore = (): void => void process.off('SIGINT', this.#interrupted);
}
