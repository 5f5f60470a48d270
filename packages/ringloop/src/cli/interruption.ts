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
