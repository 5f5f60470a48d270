/**
 * How long a loop that has nothing to do looks for calls and answers before it sleeps. To be woken costs some 30 µs, most of it
 * the kernel's; to look costs this core.
 *
 * By itself a loop looks only where it is likely to pay: after it has called another loop, which may well answer at once, and not
 * while that was in vain the last times. The option `spin` makes it look for so long after each call in either direction.
 * Source: adaptive mutexes (glibc's PTHREAD_MUTEX_ADAPTIVE_NP), for a sleeper that knows whether it has asked for something.
 */
import { availableParallelism } from 'node:os';

/** How long a loop looks after it has called another one, in ms: to wake that takes 30 µs, and it has to answer. */
const BRIEF_MS = 0.06;

/** How long it looks in one go before Node's own I/O gets a turn, in ms. */
const TURN_MS = 0.1;

/** The most chances that are passed over after one in vain: it doubles each time. Arbitrary. */
const LONGEST_PENANCE = 256;

/** Without a second core, looking keeps the other thread from answering. */
const MAY_SPIN = availableParallelism() > 1;

/** What a loop looks at while it spins. */
export interface SpinPorts {
  /** Whether something has arrived. Called in a tight loop. */
  readonly look: () => boolean;
  /** Calls that this thread has made into other loops. */
  readonly callsSent: () => number;
}

export class Spinning {
  readonly #ports: SpinPorts;
  readonly #spinMs: number;
  #sentBefore = 0;
  /** Until when to stay awake, because of the option. */
  #awakeUntil = 0;
  /** Chances still to be passed over, and how many it will be after the next one in vain. */
  #penance = 0;
  #nextPenance = 1;

  /** @param spin seconds, 0 for only where it is likely to pay */
  constructor(spin: number, ports: SpinPorts) {
    this.#spinMs = MAY_SPIN ? spin * 1000 : 0;
    this.#ports = ports;
  }

  /** Calls have arrived. */
  arrived(): void {
    if (this.#spinMs > 0) this.#awakeUntil = performance.now() + this.#spinMs;
  }

  /** The loop has nothing to do. True: stay awake, something has arrived or may arrive soon. */
  staysAwake(): boolean {
    const sent = this.#ports.callsSent();
    const hasCalled = sent !== this.#sentBefore;
    this.#sentBefore = sent;
    if (this.#spinMs > 0) {
      if (hasCalled) this.arrived();
      return this.#awakeUntil > 0 && this.#spinATurn();
    }
    return hasCalled && MAY_SPIN && this.#spinBriefly();
  }

  #spinATurn(): boolean {
    const now = performance.now();
    if (now >= this.#awakeUntil) {
      this.#awakeUntil = 0;
      return false;
    }
    this.#lookUntil(Math.min(now + TURN_MS, this.#awakeUntil));
    return true;
  }

  #spinBriefly(): boolean {
    if (this.#penance > 0) {
      this.#penance--;
      return false;
    }
    if (this.#lookUntil(performance.now() + BRIEF_MS)) {
      this.#nextPenance = 1;
      return true;
    }
    this.#penance = this.#nextPenance;
    this.#nextPenance = Math.min(2 * this.#nextPenance, LONGEST_PENANCE);
    return false;
  }

  #lookUntil(deadlineMs: number): boolean {
    do {
      for (let looks = 0; looks < 16; looks++) if (this.#ports.look()) return true;
    } while (performance.now() < deadlineMs);
    return false;
  }
}
