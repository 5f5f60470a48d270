import { inspect } from 'node:util';
import { rangeError, typeError } from '@ringloop/core/internal';

/**
 * Marks of the write buffer, in bytes. A missing mark follows from the other one: high is 4 × low. The defaults are 64
 * KiB and 16 KiB.
 */
export interface WriteBufferLimits {
  /** Bytes above which the protocol is asked to pause. */
  readonly high?: number;
  /** Bytes at or below which the protocol is asked to resume. */
  readonly low?: number;
}

/** Bytes; as in CPython. */
const DEFAULT_HIGH = 65_536;

/**
 * Tells a protocol to pause above the high-water mark, and to resume at or below the low-water mark. The two calls
 * strictly alternate.
 */
export class FlowControl {
  readonly #notify: (method: 'pauseWriting' | 'resumeWriting') => void;
  #high = DEFAULT_HIGH;
  #low = DEFAULT_HIGH / 4;
  #paused = false;

  constructor(notify: (method: 'pauseWriting' | 'resumeWriting') => void) {
    this.#notify = notify;
  }

  /** Whether `pauseWriting` was the last call. */
  get isPaused(): boolean {
    return this.#paused;
  }

  get limits(): readonly [low: number, high: number] {
    return [this.#low, this.#high];
  }

  /**
   * Sets the marks. A missing one follows from the other.
   * @throws {RangeError} unless high >= low >= 0
   * @throws {TypeError} when a mark is not a number
   */
  setLimits({ high, low }: WriteBufferLimits): void {
    checkMark(high);
    checkMark(low);
    const top = high ?? (low == null ? DEFAULT_HIGH : 4 * low);
    const bottom = low ?? Math.floor(top / 4);
    if (!(top >= bottom && bottom >= 0)) {
      throw rangeError(`high (${top}) must be >= low (${bottom}) must be >= 0`);
    }
    this.#high = top;
    this.#low = bottom;
  }

  /** Call it when the buffer has grown or the marks have changed. */
  grown(size: number): void {
    if (size <= this.#high || this.#paused) return;
    this.#paused = true;
    this.#notify('pauseWriting');
  }

  shrunk(size: number): void {
    if (!this.#paused || size > this.#low) return;
    this.#paused = false;
    this.#notify('resumeWriting');
  }
}

/**
 * JavaScript may pass anything: null counts as missing, and text is refused because it would compare by its letters.
 */
function checkMark(mark: unknown): void {
  if (mark == null || typeof mark === 'number') return;
  throw typeError(`A mark must be a number, got ${inspect(mark, { depth: 0 })}`);
}
