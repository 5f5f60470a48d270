import type { Panel } from '../harness/line-chart.js';
import { spreadOf } from '../harness/statistics.js';
import { openAll } from './compare.js';
import { ContenderError } from '../harness/contender-process.js';
import type { CoreContender } from './contender-process.js';
import type { Python } from '../harness/python.js';
import type { Question } from './question.js';
import type { Scenario } from './scenario.js';

/** How many are pending at the same time, and how often that is measured: a million take long. */
const WIDTHS = new Map([
  [1_000, 3],
  [10_000, 3],
  [100_000, 3],
  [1_000_000, 1],
]);
const WIDEST = Math.max(...WIDTHS.keys());
/** Items of a run whose width is less, in batches; arbitrary. */
const FEWEST = 50_000;
/** Seconds; by then what runs all the time is compiled. */
const WARM_UP = 0.2;
/** Seconds for each of several rounds. */
const TIMED = 0.05;

export interface Point {
  readonly width: number;
  readonly nsEach: number;
}

export interface Line {
  readonly contender: string;
  /** Ends early where the contender did, for instance for want of memory. */
  readonly points: readonly Point[];
}

export interface Growth {
  readonly scenario: string;
  readonly title: string;
  readonly item: string;
  readonly lines: readonly Line[];
}

/** What each item costs when more and more of them are pending at once. */
export async function grow(scenario: Scenario, python: Python | null): Promise<Growth> {
  const contenders = openAll(scenario, python);
  const points = new Map([...contenders.keys()].map((name) => [name, [] as Point[]]));
  const measure = async (name: string, width: number, atLeast: number): Promise<number | null> => {
    const items = Math.max(width * (scenario.leastEach ?? 1), FEWEST);
    const seconds = await tryAsk(contenders.get(name), { items, width, atLeast });
    if (seconds === null) contenders.delete(name);
    return seconds;
  };
  try {
    for (const name of contenders.keys()) await measure(name, 1_000, WARM_UP);
    for (const [width, rounds] of WIDTHS) {
      const times = new Map<string, number[]>();
      for (let round = 0; round < rounds; round++) {
        for (const name of contenders.keys()) {
          const seconds = await measure(name, width, TIMED);
          if (seconds !== null) times.set(name, [...(times.get(name) ?? []), seconds]);
          if (width === WIDEST) await contenders.get(name)?.close(); // the next one wants its gigabytes
        }
      }
      for (const [name, seconds] of times) {
        points.get(name)?.push({ width, nsEach: spreadOf(seconds).median * 1e9 });
      }
    }
  } finally {
    await Promise.all([...contenders.values()].map((contender) => contender.close()));
  }
  const { name, title, item } = scenario;
  return {
    scenario: name,
    title,
    item,
    lines: [...points].map(([contender, line]) => ({ contender, points: line })),
  };
}

export function toPanel({ title, item, lines }: Growth): Panel {
  return {
    title: `${title}: ns per ${item}`,
    xLabel: 'pending at once',
    lines: lines.map(({ contender, points }) => ({
      name: contender,
      points: points.map(({ width, nsEach }) => ({ x: width, y: nsEach })),
    })),
  };
}

/** Null: it has ended. */
async function tryAsk(contender: CoreContender | undefined, question: Question): Promise<number | null> {
  try {
    return (await contender?.ask(question)) ?? null;
  } catch (thrown) {
    if (!(thrown instanceof ContenderError)) throw thrown;
    console.error(`${thrown.message} with ${question.width} pending at once`);
    return null;
  }
}
