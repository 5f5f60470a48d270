/** npm passes a Ctrl-C on to its child, which the terminal has told already: what comes within this time is the same one. */
const SAME_SIGNAL_MS = 250;

/**
 * Turns the first Ctrl-C into an abort signal. The second one is the system's: it ends the process as if nobody listened,
 * where process.exit() would still stop the worker threads in good order.
 */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  #same: NodeJS.Timeout | undefined;

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
    if (this.signal.aborted) return;
    this.#same = setTimeout(() => process.off('SIGINT', this.#interrupted), SAME_SIGNAL_MS);
    this.#controller.abort();
  };
}
