import type { Size } from './scenario.js';

/** What a contender's process is asked: the cost of each item, when it does this work, often enough to fill a time. */
export interface Question extends Size {
  /** Seconds; the work is repeated until so much of it was timed. */
  readonly atLeast: number;
}
