import { fileURLToPath } from 'node:url';
import { ContenderProcess } from '../harness/contender-process.js';
import { type Spread, spreadOf } from '../harness/statistics.js';
import { type Foreign, foreignCommand } from './foreign.js';
import type { Aim, Contender, Figures, Question, Scenario } from './scenario.js';

const WARM_UP_ROUNDS = 2;

export interface Row {
  readonly contender: string;
  readonly calls: number;
  /** By metric, in the metric's shown unit. */
  readonly figures: Readonly<Record<string, Spread>>;
}

export interface Verdict extends Aim {
  /** Of single rounds, or the figure itself; null: a contender is missing. */
  readonly value: Spread | null;
  readonly met: boolean | null;
}

export interface Result {
  readonly scenario: string;
  readonly title: string;
  readonly question: Question;
  readonly metrics: Scenario['metrics'];
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
  /** Contenders that took no part, and why. */
  readonly skipped: Readonly<Record<string, string>>;
}

interface Running {
  readonly name: string;
  readonly question: Question;
  readonly process: ContenderProcess<Question, Figures>;
  readonly rounds: Figures[];
}

/** Asks all contenders of a scenario in turns, round by round. */
export async function compare(
  scenario: Scenario,
  { rounds, warmUp = WARM_UP_ROUNDS, foreign }: { rounds: number; warmUp?: number; foreign: Foreign },
): Promise<Result> {
  const skipped: Record<string, string> = {};
  const running: Running[] = [];
  try {
    for (const contender of scenario.contenders) {
      const opened = await openContender(scenario.name, contender, foreign);
      if (typeof opened === 'string') {
        skipped[contender.name] = opened;
        continue;
      }
      const question = { ...scenario.question, calls: contender.calls ?? scenario.question.calls };
      running.push({ name: contender.name, question, process: opened, rounds: [] });
    }
    for (const { process, question } of running) {
      for (let i = 0; i < warmUp; i++) await process.ask(question);
    }
    for (let round = 0; round < rounds; round++) {
      for (const { process, question, rounds: done } of running) done.push(await process.ask(question));
    }
  } finally {
    await Promise.all(running.map(({ process }) => process.close()));
  }
  return {
    scenario: scenario.name,
    title: scenario.title,
    question: scenario.question,
    metrics: scenario.metrics,
    rows: running.map((one) => toRow(one, scenario)),
    verdicts: scenario.aims.map((aim) => judge(aim, running, scenario)),
    skipped,
  };
}

async function openContender(
  scenario: string,
  contender: Contender,
  foreign: Foreign,
): Promise<ContenderProcess<Question, Figures> | string> {
  if (contender.runtime === 'node') {
    const missing = (await contender.missing?.()) ?? null;
    if (missing !== null) return missing;
    const child = fileURLToPath(new URL('./child.js', import.meta.url));
    const args = [...(contender.nodeFlags ?? []), child, scenario, contender.name];
    return new ContenderProcess(contender.name, process.execPath, args);
  }
  const found = foreignCommand(contender.name, scenario, foreign);
  return typeof found === 'string' ? found : new ContenderProcess(contender.name, found.command, found.args);
}

function toRow({ name, question, rounds }: Running, { metrics }: Scenario): Row {
  const figures = metrics.map(({ name: metric, scale }): [string, Spread] => [
    metric,
    spreadOf(rounds.map((round) => (round[metric] ?? NaN) * scale)),
  ]);
  return { contender: name, calls: question.calls, figures: Object.fromEntries(figures) };
}

function judge(aim: Aim, running: readonly Running[], { metrics }: Scenario): Verdict {
  const figuresOf = (name: string): number[] | null =>
    running.find((one) => one.name === name)?.rounds.map((round) => round[aim.metric] ?? NaN) ?? null;
  const ours = figuresOf(aim.contender);
  const scale = metrics.find(({ name }) => name === aim.metric)?.scale ?? NaN;
  const base = aim.against === null ? ours?.map(() => 1 / scale) : figuresOf(aim.against);
  if (ours === null || base === null || base === undefined) return { ...aim, value: null, met: null };
  const value = spreadOf(ours.map((figure, round) => figure / (base[round] ?? NaN)));
  if (aim.bound === null) return { ...aim, value, met: null };
  return {
    ...aim,
    value,
    met: aim.sense === 'at least' ? value.median >= aim.bound : value.median <= aim.bound,
  };
}
