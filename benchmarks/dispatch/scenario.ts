/** How much work is asked for at a time. */
export interface Question {
  /** Calls or round trips in one run. */
  readonly calls: number;
  /** Seconds; runs are repeated until so much was timed. */
  readonly atLeast: number;
}

/** What was measured, by the name of the metric. */
export type Figures = Readonly<Record<string, number>>;

export interface Workload {
  measure(question: Question): Promise<Figures>;
  close(): Promise<unknown>;
}

/** ringloop in one of its forms, or another way that Node has. */
export interface NodeContender {
  readonly name: string;
  readonly runtime: 'node';
  /** Calls in one run where those of the scenario would take too long. */
  readonly calls?: number;
  readonly nodeFlags?: readonly string[];
  /** Why it cannot take part; null: it can. */
  missing?(): Promise<string | null>;
  /** Called in the contender's own process. */
  open(): Promise<Workload>;
}

/** A peer in another language, in peers/dispatch.py or peers/NettyDispatch.java. */
export interface ForeignContender {
  readonly name: 'asyncio' | 'uvloop' | 'Netty';
  readonly runtime: 'python' | 'java';
  readonly calls?: number;
}

export type Contender = NodeContender | ForeignContender;

export interface Metric {
  readonly name: string;
  /** Of what is shown: the figure times `scale`. */
  readonly unit: string;
  readonly scale: number;
}

/** What is asked of one contender: its figure by that of another, or the shown figure itself. */
export interface Aim {
  readonly contender: string;
  readonly metric: string;
  /** Null: the figure itself. */
  readonly against: string | null;
  readonly sense: 'at least' | 'at most';
  /** Null: for information. */
  readonly bound: number | null;
}

/** One question, answered by all contenders in turns. */
export interface Scenario {
  /** On the command line, and in the other languages. */
  readonly name: string;
  readonly title: string;
  readonly question: Question;
  readonly metrics: readonly Metric[];
  readonly contenders: readonly Contender[];
  readonly aims: readonly Aim[];
}

export const PER_SECOND: Metric = { name: 'perSecond', unit: 'M calls/s', scale: 1e-6 };
export const P50: Metric = { name: 'p50', unit: 'p50 µs', scale: 1e6 };
export const P99: Metric = { name: 'p99', unit: 'p99 µs', scale: 1e6 };
