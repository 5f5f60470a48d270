/**
 * How long a loop that has nothing to do looks for calls and answers before it sleeps: as long as the option `spin` says after
 * each call in either direction. To be woken takes some 30 µs, most of it the kernel's; to look takes this core.
 *
 * (To look for a moment by itself, after a call that is likely to be answered, was tried: with 60 µs it saw 4 of 100 answers.)
 */
import { availableParallelism } from 'node:os';
import { checkTime, rangeError } from '@ringloop/core/internal';

/** How long it looks in one go before Node's own I/O gets a turn, in ms. */
const TURN_MS = 0.1;

/** Without a second core, looking keeps the other thread from answering. */
const MAY_SPIN = availableParallelism() > 1;

/** What a loop looks at while it spins. */
export interface SpinPorts {
  /** Whether something has arrived. Called in a tight loop. */
  readonly look: () => boolean;
  /** Looking is over for now: nobody may go unnoticed. */
  readonly looked: () => void;
  /** Calls that this thread has made into other loops. */
  readonly callsSent: () => number;
}

export class Spinning {
  readonly #ports: SpinPorts;
  readonly #spinMs: number;
  #sentBefore = 0;
  /** Until when to stay awake; 0: not at all. */
  #awakeUntil = 0;

  /** @param spin seconds, 0 for not at all */
  constructor(spin: number, ports: SpinPorts) {
    this.#spinMs = MAY_SPIN ? spin * 1000 : 0;
    this.#ports = ports;
  }

  /** Calls have arrived. */
  arrived(): void {
    if (this.#spinMs > 0) this.#awakeUntil = performance.now() + this.#spinMs;
  }

  /**
   * The loop has nothing to do. 'woken': something has arrived. 'awake': it may arrive soon. 'over': do not wait for it.
   * @param isQuiet no promise reaction is under way: else nothing is held up, and the next time it looks
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
