import type { Stopwatch } from './stopwatch.js';

/** How much work one run does: `items` in all, `width` of them pending at the same time. A multiple of it. */
export interface Size {
  readonly items: number;
  readonly width: number;
}

/** Does the work once. What belongs to it, and nothing else, runs between `watch.start()` and `watch.stop()`. */
export type Workload = (size: Size, watch: Stopwatch) => Promise<void>;

/** Something that runs in Node: ringloop in one of its forms, or what Node has itself. */
export interface NodeContender<W> {
  readonly name: string;
  /** Called in the contender's own process. */
  open(): W | Promise<W>;
}

/** What one contender is to be compared with, by the rate of the one by that of the other. */
export interface Comparison {
  readonly contender: string;
  readonly against: string;
  /** The ratio we want at least; null: for information. */
  readonly aim: number | null;
}

/** One piece of work that all contenders do in the same shape. asyncio's and uvloop's half is in peers/workloads.py. */
export interface Scenario {
  /** On the command line, and in Python. */
  readonly name: string;
  readonly title: string;
  /** What one item is, for "ns per …". */
  readonly item: string;
  readonly size: Size;
  /** Items for each that is pending when there are very many; 1 by default. */
  readonly leastEach?: number;
  readonly contenders: readonly NodeContender<Workload>[];
  readonly comparisons: readonly Comparison[];
}
