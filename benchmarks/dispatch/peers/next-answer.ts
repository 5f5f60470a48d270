/** Where the one answer arrives that is waited for at a time. */
export class NextAnswer<T> {
  #waiting: ((value: T) => void) | null = null;

  wait(): Promise<T> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  /** Calls `take` with each answer from now on. */
  each(take: (value: T) => void): void {
    this.#waiting = take;
  }

  arrive(value: T): void {
    this.#waiting?.(value);
  }
}
