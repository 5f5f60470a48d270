/** Adds up what lies between `start()` and `stop()`. */
export class Stopwatch {
  seconds = 0;
  #started = 0n;

  start(): void {
    this.#started = process.hrtime.bigint();
  }

  stop(): void {
    this.seconds += Number(process.hrtime.bigint() - this.#started) / 1e9;
  }
}
