import { ratioOf, type Spread, spreadOf } from '../harness/statistics.js';
import { type CoreContender, openNode, openPython } from './contender-process.js';
import { type Python, pythonLoops } from '../harness/python.js';
import type { Scenario } from './scenario.js';

/** Of one contender in one round, in seconds; a single run of the fastest would be over before the clock means much. */
const TIMED = 0.15;
const WARM_UP_ROUNDS = 2;

export interface Figure {
  readonly contender: string;
  readonly nsEach: Spread;
  readonly perSecond: Spread;
}

export interface Verdict {
  readonly contender: string;
  readonly against: string;
  /** Of the median rates; smallest and largest are those of single rounds. Null: the peer is missing. */
  readonly ratio: Spread | null;
  readonly aim: number | null;
  readonly met: boolean | null;
  /** In how many rounds the aim was met. */
  readonly roundsMet: number | null;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly title: string;
  readonly item: string;
  readonly items: number;
  readonly width: number;
  readonly figures: readonly Figure[];
  readonly verdicts: readonly Verdict[];
}

/** Measures all contenders of a scenario in turns, round by round. */
export async function compare(
  scenario: Scenario,
  rounds: number,
  python: Python | null,
): Promise<ScenarioResult> {
  const question = { ...scenario.size, atLeast: TIMED };
  const contenders = openAll(scenario, python);
  const seconds = new Map<string, number[]>();
  try {
    for (const contender of contenders.values()) {
      for (let i = 0; i < WARM_UP_ROUNDS; i++) await contender.ask(question);
    }
    for (let round = 0; round < rounds; round++) {
      for (const [name, contender] of contenders) {
        seconds.set(name, [...(seconds.get(name) ?? []), await contender.ask(question)]);
      }
    }
  } finally {
    await Promise.all([...contenders.values()].map((contender) => contender.close()));
  }
  return {
    scenario: scenario.name,
    title: scenario.title,
    item: scenario.item,
    ...scenario.size,
    figures: [...seconds].map(([name, each]) => toFigure(name, each)),
    verdicts: scenario.comparisons.map(({ contender, against, aim }) => ({
      contender,
      against,
      aim,
      ...judge(seconds.get(contender), seconds.get(against), aim),
    })),
  };
}

export function openAll(scenario: Scenario, python: Python | null): Map<string, CoreContender> {
  const contenders = new Map<string, CoreContender>();
  for (const { name } of scenario.contenders) contenders.set(name, openNode('time', scenario.name, name));
  if (python === null) return contenders;
  for (const name of pythonLoops(python)) {
    contenders.set(name, openPython('time', scenario.name, name, python));
  }
  return contenders;
}

function toFigure(contender: string, seconds: readonly number[]): Figure {
  return {
    contender,
    nsEach: spreadOf(seconds.map((each) => each * 1e9)),
    perSecond: spreadOf(seconds.map((each) => 1 / each)),
  };
}

function judge(
  ours: readonly number[] | undefined,
  theirs: readonly number[] | undefined,
  aim: number | null,
): Pick<Verdict, 'ratio' | 'met' | 'roundsMet'> {
  if (ours === undefined || theirs === undefined) return { ratio: null, met: null, roundsMet: null };
  const ratio = ratioOf(theirs, ours); // of times: the other way round it is that of rates
  if (aim === null) return { ratio, met: null, roundsMet: null };
  const roundsMet = ours.filter((each, round) => (theirs[round] ?? NaN) / each >= aim).length;
  return { ratio, met: ratio.median >= aim, roundsMet };
}
