/** What a contender's process is asked: to start so many children, and to wait for each. */
export interface Question {
  readonly children: number;
  /** So many at a time. */
  readonly parallel: number;
  /** With pipes to stdin, stdout and stderr; without, the child has the null device. */
  readonly pipes: boolean;
}

/** What one child has cost the process that started it, in microseconds. What the child itself does is not in it. */
export interface Cost {
  readonly cpuUs: number;
  readonly wallUs: number;
}

export interface Scenario {
  readonly name: string;
  readonly question: Question;
  /** The process has so much memory in use, beside its own. */
  readonly ballastMb: number;
  /** The most CPU time of ringloop, with node:child_process as 1. Null: there is no aim. */
  readonly aim: number | null;
}

const ONE = { children: 30, parallel: 1, pipes: false };

export const SCENARIOS: readonly Scenario[] = [
  { name: 'one after the other', question: ONE, ballastMb: 0, aim: 0.4 },
  { name: 'one after the other, with pipes', question: { ...ONE, pipes: true }, ballastMb: 0, aim: null },
  { name: '16 at a time', question: { children: 64, parallel: 16, pipes: false }, ballastMb: 0, aim: null },
  { name: 'in a process of 700 MB', question: { ...ONE, children: 15 }, ballastMb: 650, aim: 0.05 },
];
