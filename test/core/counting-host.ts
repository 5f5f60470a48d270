import type { Host } from '@ringloop/core';

/** Another host, watched: how many turns it gave and how long it was told to sleep. */
export class CountingHost implements Host {
  readonly #host: Host;
  turns = 0;
  readonly sleeps: number[] = [];

  constructor(host: Host) {
    this.#host = host;
  }

  time(): number {
    return this.#host.time();
  }

  start(turn: () => void): void {
    this.#host.start(() => {
      this.turns++;
      turn();
    });
  }

  requestTurn(): void {
    this.#host.requestTurn();
  }

  afterReactions(fn: () => void): void {
    this.#host.afterReactions(fn);
  }

  sleepUntil(when: number): void {
    this.sleeps.push(when);
    this.#host.sleepUntil(when);
  }

  stop(): void {
    this.#host.stop();
  }
}
