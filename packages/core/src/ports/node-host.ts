import type { Host } from './host.js';

/** The longest sleep, in ms: one day, as in CPython (MAXIMUM_SELECT_TIMEOUT); Node turns delays above 2^31-1 ms into 1 ms. */
const LONGEST_SLEEP_MS = 86_400_000;

const RESOLVED = Promise.resolve();

/**
 * `performance.now()` begins anew in each worker, `process.hrtime()` has one origin for all threads, and makes an array at each
 * call. Both read the same clock of the system: this is what lies between them, in seconds.
 */
const ORIGIN = findOrigin();

function findOrigin(): number {
  let [origin, narrowest] = [0, Infinity];
  // Of several tries the one that took least is exact to a fraction of a microsecond.
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
 * How long turns may follow each other, in ms, before libuv polls again: it costs as much as some 100 callbacks, and Node's own
 * I/O must not wait noticeably. benchmarks/core.ts: twice the rate of one turn per poll, and nothing to gain beyond.
 */
const POLL_EVERY_MS = 0.25;

/** Stands for the time of the next turn that is requested: most wake-ups request none, and need no clock. */
const NOW = Infinity;

/**
 * Turns from the thread's own libuv loop: `setImmediate` for the next one, and one timer for the next deadline. A loop that is
 * busy has several turns between two polls, each behind all promise reactions of the one before.
 */
export class NodeHost implements Host {
  #turn: (() => void) | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #timer: NodeJS.Timeout | null = null;
  /** When the timer fires, in seconds; `Infinity` while none is armed. */
  #armedFor = Infinity;

  /** When libuv polled last, as far as we know, as `performance.now()`. */
  #polledAt = -Infinity;
  /** A turn is coming before the next poll. */
  #tickComing = false;

  readonly #onImmediate = (): void => {
    this.#immediate = null;
    this.#polledAt = performance.now();
    this.#turn?.();
  };

  // process.nextTick() out of a microtask: its turn is when no microtask is left.
  readonly #afterMicrotasks = (): void => process.nextTick(this.#onTick);

  readonly #onTick = (): void => {
    if (!this.#tickComing) return; // it was taken back, or another one has come
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
    // queueMicrotask() would do as well, and cost more: Node wraps each one in an AsyncResource.
    void RESOLVED.then(fn);
  }

  sleepUntil(when: number): void {
    // A timer that fires too early costs one empty turn; re-arming at every sleep would cost more.
    if (this.#timer !== null && this.#armedFor <= when) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const now = this.time();
    // Node fires up to 1 ms early and rounds down: round up, and the loop re-arms when it looks too soon.
    const delayMs = Math.min(Math.max(Math.ceil((when - now) * 1000), 1), LONGEST_SLEEP_MS);
    this.#armedFor = now + delayMs / 1000;
    this.#timer = setTimeout(this.#onTimer, delayMs); // referenced: it also keeps the process alive
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
