import { checkTime } from '../check-callback.js';
import { rangeError } from '../errors.js';
import type { Host } from './host.js';

/** How soon an idle loop looks again whether the world has changed, in ms of real time; arbitrary. */
const LOOK_AGAIN_MS = 10;

/** What a VirtualHost can be told. */
export interface VirtualHostOptions {
  /** Whether the clock leaps to the next deadline when the loop has nothing else to do; false by default. */
  readonly autojump?: boolean;
  /** What the clock shows at the beginning, in seconds; 0 by default. */
  readonly startAt?: number;
  /** With autojump: whether the clock may leap now; asked again until it may. By default always. */
  readonly mayLeap?: () => boolean;
  /** With autojump: when the next timer is due by now, which may have been cancelled since the loop went to sleep. */
  readonly nextDeadline?: () => number;
  /** With autojump: called again and again as long as there is no deadline to leap to, after the promise reactions. */
  readonly onIdle?: () => void;
}

/**
 * A host whose clock stands still until it is told otherwise: tests of timers take no time and have one order.
 * With `autojump` the clock leaps to the next deadline as soon as the loop has nothing else to do.
 * An idle loop does not keep the process alive here: who moves the clock does.
 */
export class VirtualHost implements Host {
  readonly #autojump: boolean;
  readonly #onIdle: () => void;
  readonly #mayLeap: () => boolean;
  readonly #nextDeadline: (() => number) | null;
  #lookingAgain: NodeJS.Timeout | null = null;
  #now: number;
  #turn: (() => void) | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #turnRequested = false;
  #wakeAt = Infinity;

  constructor({
    autojump = false,
    startAt = 0,
    mayLeap = () => true,
    onIdle = () => undefined,
    nextDeadline,
  }: VirtualHostOptions = {}) {
    this.#autojump = autojump;
    this.#onIdle = onIdle;
    this.#mayLeap = mayLeap;
    this.#nextDeadline = nextDeadline ?? null;
    this.#now = startAt;
  }

  time(): number {
    return this.#now;
  }

  start(turn: () => void): void {
    this.#turn = turn;
  }

  requestTurn(): void {
    this.#turnRequested = true;
    this.#turnSoon();
  }

  /** At once: `advance()` gives turns synchronously, and no reaction runs in between. */
  afterReactions(fn: () => void): void {
    fn();
  }

  sleepUntil(when: number): void {
    this.#wakeAt = when;
    if (this.#autojump) this.#turnSoon();
  }

  /**
   * Moves the clock by `seconds`, giving every turn that falls due on the way, synchronously: promise reactions run after
   * the last of them. Within a callback only the clock moves.
   * @throws {RangeError} when `seconds` is negative
   */
  advance(seconds: number): void {
    checkTime(seconds, 'seconds');
    if (seconds < 0) throw rangeError(`Cannot advance by ${seconds} s: the clock is monotonic`);
    const target = this.#now + seconds;
    while (this.#turnRequested || this.#wakeAt <= target) this.#takeTurn();
    this.#now = target;
  }

  /** See Host. */
  stop(): void {
    this.#turn = null;
    this.#turnRequested = false;
    this.#wakeAt = Infinity;
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#immediate = null;
    if (this.#lookingAgain !== null) clearTimeout(this.#lookingAgain);
    this.#lookingAgain = null;
  }

  /** In a later macrotask: promise reactions of this turn may still find something to do now. */
  #turnSoon(): void {
    this.#immediate ??= setImmediate(() => {
      this.#immediate = null;
      if (this.#turnRequested) this.#takeTurn();
      else if (this.#autojump && this.#turn !== null) this.#leap();
    });
  }

  #leap(): void {
    const mayLeap = this.#mayLeap();
    if (this.#nextDeadline !== null) this.#wakeAt = this.#nextDeadline();
    if (mayLeap && this.#wakeAt !== Infinity) {
      this.#takeTurn();
      return;
    }
    if (mayLeap) this.#onIdle();
    this.#lookingAgain ??= setTimeout(() => {
      this.#lookingAgain = null;
      if (this.#turn !== null) this.#turnSoon();
    }, LOOK_AGAIN_MS).unref();
  }

  /** The turn that was requested, or else the one at the next deadline. */
  #takeTurn(): void {
    if (!this.#turnRequested) this.#now = Math.max(this.#now, this.#wakeAt);
    this.#turnRequested = false;
    this.#wakeAt = Infinity;
    this.#turn?.();
  }
}
