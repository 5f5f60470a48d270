import type { Panel } from '../harness/line-chart.js';
import { compare, type Result } from './compare.js';
import type { Foreign } from './foreign.js';
import type { Growing } from './growing.js';

const ROUNDS = 3;

export interface Growth {
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly points: readonly { readonly x: number; readonly result: Result }[];
}

export async function grow(growing: Growing, foreign: Foreign): Promise<Growth> {
  const points: { x: number; result: Result }[] = [];
  for (const x of growing.xs) {
    points.push({ x, result: await compare(growing.scenarioAt(x), { rounds: ROUNDS, warmUp: 1, foreign }) });
  }
  const { name, title, xLabel } = growing;
  return { name, title, xLabel, points };
}

/** Medians, in calls per second. */
export function toPanel({ title, xLabel, points }: Growth): Panel {
  const names = points[0]?.result.rows.map(({ contender }) => contender) ?? [];
  const yOf = (result: Result, name: string): number =>
    (result.rows.find(({ contender }) => contender === name)?.figures.perSecond?.median ?? NaN) * 1e6;
  return {
    title,
    xLabel,
    lines: names.map((name) => ({
      name,
      points: points.map(({ x, result }) => ({ x, y: yOf(result, name) })),
    })),
  };
}
