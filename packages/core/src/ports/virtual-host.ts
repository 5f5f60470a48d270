import { checkTime } from '../check-callback.js';
import { rangeError } from '../errors.js';
import type { Host } from './host.js';

/** How soon an idle loop checks again whether something has changed outside, in ms of real time; arbitrary. */
const LOOK_AGAIN_MS = 10;

/** Options of a VirtualHost. */
export interface VirtualHostOptions {
  /** Whether the clock jumps to the next deadline when the loop has nothing else to do; false by default. */
  readonly autojump?: boolean;
  /** The time at the start, in seconds; 0 by default. */
  readonly startAt?: number;
  /**
   * With autojump: whether the clock may jump now. Called repeatedly until it returns true. By default the clock may
   * always jump.
   */
  readonly mayLeap?: () => boolean;
  /**
   * With autojump: when the next timer is due. The timer that the loop sleeps for may have been cancelled meanwhile.
   */
  readonly nextDeadline?: () => number;
  /** With autojump: called repeatedly, after the promise reactions, while there is no deadline to jump to. */
  readonly onIdle?: () => void;
}

/**
 * A host whose clock moves only when a test moves it. So tests of timers take no time and always run in the same order.
 * With `autojump` the clock jumps to the next deadline as soon as the loop has nothing else to do. An idle loop does
 * not keep the process alive here: the code that moves the clock must do that.
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

  /** Calls `fn` at once: `advance()` gives turns synchronously, so no promise reactions run between them. */
  afterReactions(fn: () => void): void {
    fn();
  }

  sleepUntil(when: number): void {
    this.#wakeAt = when;
    if (this.#autojump) this.#turnSoon();
  }

  /**
   * Moves the clock by `seconds`, and gives every turn that falls due on the way, synchronously: promise reactions run
   * only after the last turn. If it is called within a callback, it only moves the clock.
   * @throws {RangeError} when `seconds` is negative
   */
  advance(seconds: number): void {
    checkTime(seconds, 'seconds');
    if (seconds < 0) throw rangeError(`Cannot advance by ${seconds} s: the clock is monotonic`);
    const target = this.#now + seconds;
    while (this.#turnRequested || this.#wakeAt <= target) this.#takeTurn();
    this.#now = target;
  }

  stop(): void {
    this.#turn = null;
    this.#turnRequested = false;
    this.#wakeAt = Infinity;
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#immediate = null;
    if (this.#lookingAgain !== null) clearTimeout(this.#lookingAgain);
    this.#lookingAgain = null;
  }

  /** Takes a turn in a later macrotask: promise reactions of this turn may still schedule something. */
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

  /** Takes the requested turn, or else the one at the next deadline. */
  #takeTurn(): void {
    if (!this.#turnRequested) this.#now = Math.max(this.#now, this.#wakeAt);
    this.#turnRequested = false;
    this.#wakeAt = Infinity;
    this.#turn?.();
  }
}
