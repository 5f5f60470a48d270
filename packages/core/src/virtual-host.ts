import type { Host } from './host.js';

/**
 * A host whose clock stands still until it is told otherwise: tests of timers take no time and have one order.
 * With `autojump` the clock leaps to the next deadline as soon as the loop has nothing else to do.
 */
export class VirtualHost implements Host {
  readonly #autojump: boolean;
  #now: number;
  #turn: (() => void) | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #wakeAt = Infinity;

  constructor({ autojump = false, startAt = 0 }: { autojump?: boolean; startAt?: number } = {}) {
    this.#autojump = autojump;
    this.#now = startAt;
  }

  time(): number {
    return this.#now;
  }

  start(turn: () => void): void {
    this.#turn = turn;
  }

  requestTurn(): void {
    this.#wakeAt = Infinity; // the turn comes now, not at a deadline
    this.#immediate ??= setImmediate(() => {
      this.#immediate = null;
      this.#turn?.();
    });
  }

  sleepUntil(when: number): void {
    this.#wakeAt = when;
    if (!this.#autojump || when === Infinity) return;
    // In a later macrotask: promise reactions of this turn may still find something to do now.
    this.#immediate ??= setImmediate(() => {
      this.#immediate = null;
      if (this.#wakeAt !== Infinity) this.#now = Math.max(this.#now, this.#wakeAt);
      this.#turn?.();
    });
  }

  /** Moves the clock by `seconds`, giving every turn that falls due on the way, synchronously. */
  advance(seconds: number): void {
    const target = this.#now + seconds;
    this.#runRequested();
    while (this.#turn !== null && this.#wakeAt <= target) {
      this.#now = Math.max(this.#now, this.#wakeAt);
      this.#wakeAt = Infinity;
      this.#turn();
      this.#runRequested();
    }
    this.#now = target;
  }

  stop(): void {
    this.#turn = null;
    this.#wakeAt = Infinity;
    this.#rest();
  }

  #runRequested(): void {
    while (this.#immediate !== null) {
      this.#rest();
      this.#turn?.();
    }
  }

  #rest(): void {
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#immediate = null;
  }
}
