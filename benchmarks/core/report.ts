import type { Machine } from '../harness/machine.js';
import { alignColumns, showSpread } from '../harness/table.js';
import type { ScenarioResult, Verdict } from './compare.js';
import type { Growth } from './growth.js';
import type { Python } from '../harness/python.js';
import type { HoldingResult } from './weigh.js';

/** One run of this benchmark, as it is kept in results/. */
export interface Report {
  readonly benchmark: 'core';
  readonly machine: Machine;
  readonly peers: { readonly python: string | null; readonly uvloop: string | null };
  readonly rounds: number;
  readonly scenarios: readonly ScenarioResult[];
  /** Null: not measured in this run. */
  readonly memory: readonly HoldingResult[] | null;
  readonly growth: readonly Growth[] | null;
}

export function headLine(machine: Machine, python: Python | null, rounds: number): string {
  const { node, commit, cpu, cores } = machine;
  const peers =
    python === null
      ? 'no Python here: asyncio and uvloop are missing'
      : `CPython ${python.version}, ${python.uvloop === null ? 'uvloop is missing' : `uvloop ${python.uvloop}`}`;
  return `Node ${node}, ${commit}, ${cpu}, ${cores} cores; ${peers}; median (min–max) of ${rounds} rounds`;
}

export function showScenario({ title, item, items, width, figures, verdicts }: ScenarioResult): string {
  return [
    `${title} (${items} a run, ${width} at once)`,
    alignColumns([
      ['', 'M/s', `ns/${item}`],
      ...figures.map(({ contender, perSecond, nsEach }) => [
        contender,
        showSpread(perSecond, 1e-6),
        showSpread(nsEach),
      ]),
    ]),
    alignColumns([
      ['', 'ratio', 'aim', 'met', 'rounds'],
      ...verdicts.map((verdict) => [
        `${verdict.contender} × ${verdict.against}`,
        verdict.ratio === null ? 'peer is missing' : showSpread(verdict.ratio),
        verdict.aim === null ? '–' : `≥ ${verdict.aim}`,
        showMet(verdict),
        verdict.roundsMet === null ? '–' : `${verdict.roundsMet}`,
      ]),
    ]),
  ].join('\n');
}

export function showMemory(results: readonly HoldingResult[]): string {
  const tables = results.map(({ title, items, weights }) =>
    [
      `${title} (${items})`,
      alignColumns([
        ['', 'bytes each'],
        ...weights.map(({ contender, bytesEach }) => [contender, showSpread(bytesEach)]),
      ]),
    ].join('\n'),
  );
  return tables.join('\n\n');
}

/** Cost of each item when so many are pending at once. */
export function showGrowth({ title, item, lines }: Growth): string {
  const widths = lines
    .map(({ points }) => points.map(({ width }) => width))
    .sort((a, b) => b.length - a.length)[0];
  return [
    `${title}: ns/${item} by how many are pending at once`,
    alignColumns([
      ['', ...(widths ?? []).map(String)],
      ...lines.map(({ contender, points }) => [contender, ...points.map(({ nsEach }) => nsEach.toFixed(0))]),
    ]),
  ].join('\n');
}

export function showSummary(scenarios: readonly ScenarioResult[]): string {
  const verdicts = scenarios.flatMap((result) => result.verdicts).filter(({ aim }) => aim !== null);
  const judged = verdicts.filter(({ met }) => met !== null);
  const met = judged.filter((verdict) => verdict.met === true).length;
  const missing = verdicts.length - judged.length;
  return `Aims: ${met} of ${judged.length} met${missing === 0 ? '' : `, ${missing} not judged for want of a peer`}`;
}

function showMet({ met }: Verdict): string {
  if (met === null) return '–';
  return met ? 'yes' : 'NO';
}
