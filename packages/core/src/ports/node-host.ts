import type { Host } from './host.js';

/**
 * The longest sleep, in ms: one day, as in CPython (MAXIMUM_SELECT_TIMEOUT). Node turns delays above 2^31-1 ms into 1
 * ms.
 */
const LONGEST_SLEEP_MS = 86_400_000;

const RESOLVED = Promise.resolve();

/**
 * The difference between `process.hrtime()` and `performance.now()`, in seconds. Both read the same system clock, but
 * `performance.now()` starts at 0 in each worker. `process.hrtime()` has one origin for all threads, but allocates an
 * array at each call.
 */
const ORIGIN = findOrigin();

function findOrigin(): number {
  let [origin, narrowest] = [0, Infinity];
  // Take the fastest of several tries: it is exact to a fraction of a microsecond.
  for (let tries = 0; tries < 16; tries++) {
    const before = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    const after = performance.now();
    if (after - before >= narrowest) continue;
    narrowest = after - before;
    origin = seconds + nanoseconds * 1e-9 - (before + after) * 0.5e-3;
  }
  return origin;
}

/**
 * How long turns may follow each other before libuv polls again, in ms. A poll costs as much as some 100 callbacks, and
 * Node's own I/O must not wait noticeably. benchmarks/core.ts: twice the rate of one turn per poll, and no gain beyond
 * this value.
 */
const POLL_EVERY_MS = 0.25;

/** Stands for "the time of the next requested turn". Most wake-ups request no turn, and so save reading the clock. */
const NOW = Infinity;

/**
 * Takes turns from the thread's own libuv loop: `setImmediate` for the next turn, and one timer for the next deadline.
 * A busy loop gets several turns between two polls. Each of them runs after all promise reactions of the one before.
 */
export class NodeHost implements Host {
  #turn: (() => void) | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** When the timer fires, in seconds. `Infinity` if no timer is armed. */
  #armedFor = Infinity;

  /** When libuv last polled, as far as we know, in the time of `performance.now()`. */
  #polledAt = -Infinity;
  /** Whether a turn comes before the next poll. */
  #tickComing = false;

  readonly #onImmediate = (): void => {
    this.#immediate = null;
    this.#polledAt = performance.now();
    this.#turn?.();
  };

  // A process.nextTick() from within a microtask runs when no microtask is left.
  readonly #afterMicrotasks = (): void => process.nextTick(this.#onTick);

  readonly #onTick = (): void => {
    if (!this.#tickComing) return; // the host was stopped, or another tick has taken the turn
    this.#tickComing = false;
    this.#turn?.();
  };

  readonly #onTimer = (): void => {
    this.#timer = null;
    this.#armedFor = Infinity;
    this.#turn?.();
  };

  time(): number {
    return ORIGIN + performance.now() * 1e-3;
  }

  start(turn: () => void): void {
    this.#turn = turn;
  }

  requestTurn(): void {
    if (this.#immediate !== null || this.#tickComing) return;
    const now = performance.now();
    if (this.#polledAt === NOW) this.#polledAt = now;
    if (now - this.#polledAt > POLL_EVERY_MS) this.#immediate = setImmediate(this.#onImmediate);
    else {
      this.#tickComing = true;
      this.afterReactions(this.#afterMicrotasks);
    }
  }

  polled(): void {
    this.#polledAt = NOW;
  }

  afterReactions(fn: () => void): void {
    // Not queueMicrotask(), which costs more: Node wraps each microtask in an AsyncResource.
    void RESOLVED.then(fn);
  }

  sleepUntil(when: number): void {
    // Keep an earlier timer: an empty turn costs less than re-arming the timer at every sleep.
    if (this.#timer !== null && this.#armedFor <= when) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const now = this.time();
    // Node fires up to 1 ms early and rounds down. So round up; the loop sleeps again if a turn comes too early.
    const delayMs = Math.min(Math.max(Math.ceil((when - now) * 1000), 1), LONGEST_SLEEP_MS);
    this.#armedFor = now + delayMs / 1000;
    this.#timer = setTimeout(this.#onTimer, delayMs); // the timer also keeps the process alive
  }

  stop(): void {
    this.#turn = null;
    this.#tickComing = false;
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#immediate = null;
    this.#timer = null;
    this.#armedFor = Infinity;
  }
}
