/**
 * Decides how long an idle loop looks for calls and replies before it sleeps: for the time of the option `spin` after
 * each call in either direction. Being woken takes some 30 µs, most of it in the kernel; looking keeps this core busy.
 *
 * (Looking briefly even without the option, after a call that is likely to get a reply soon, was tried: with 60 µs it
 * saw 4 of 100 replies.)
 */
import { availableParallelism } from 'node:os';
import { checkTime, rangeError } from '@ringloop/core/internal';

/** How long it looks in one go before Node's own I/O gets a turn, in ms. */
const TURN_MS = 0.1;

/** On a single core, looking would keep the other thread from replying. */
const MAY_SPIN = availableParallelism() > 1;

/** What a spinning loop calls. */
export interface SpinPorts {
  /** Whether something has arrived. Called in a tight loop. */
  readonly look: () => boolean;
  /** Looking is over for now: from here on, new arrivals must wake the loop. */
  readonly looked: () => void;
  /** Number of calls that this thread has made into other loops. */
  readonly callsSent: () => number;
}

export class Spinning {
  readonly #ports: SpinPorts;
  readonly #spinMs: number;
  #sentBefore = 0;
  /** Time until which to stay awake, in ms; 0: not at all. */
  #awakeUntil = 0;

  /** @param spin seconds, 0 for not at all */
  constructor(spin: number, ports: SpinPorts) {
    this.#spinMs = MAY_SPIN ? spin * 1000 : 0;
    this.#ports = ports;
  }

  /** Stays awake longer, because calls have arrived. */
  arrived(): void {
    if (this.#spinMs > 0) this.#awakeUntil = performance.now() + this.#spinMs;
  }

  /**
   * Called when the loop has nothing to do. Returns 'signalled' if something has arrived, 'awake' if it may arrive
   * soon, and 'over' if the loop should not wait for it.
   * @param isQuiet whether no promise reaction is pending; if one is, the loop does not look now but in its next turn
   */
  lookAround(isQuiet: boolean): 'signalled' | 'awake' | 'over' {
    if (this.#spinMs === 0) return 'over';
    const sent = this.#ports.callsSent();
    if (sent !== this.#sentBefore) this.arrived();
    this.#sentBefore = sent;
    const now = performance.now();
    if (now >= this.#awakeUntil) return 'over';
    if (!isQuiet) return 'awake';
    const found = this.#lookUntil(Math.min(now + TURN_MS, this.#awakeUntil));
    this.#ports.looked();
    return found ? 'signalled' : 'awake';
  }

  #lookUntil(deadlineMs: number): boolean {
    do {
      for (let looks = 0; looks < 16; looks++) if (this.#ports.look()) return true;
    } while (performance.now() < deadlineMs);
    return false;
  }
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE @throws {RangeError} ERR_OUT_OF_RANGE */
export function checkSpin(spin: number): void {
  checkTime(spin, 'spin');
  if (spin < 0) throw rangeError(`spin must not be negative, got ${spin}`);
}
