import type { Machine } from '../harness/machine.js';
import { showFigure, showSpread } from '../harness/table.js';
import type { Result, Verdict } from './compare.js';
import type { Foreign } from './foreign.js';
import { type Growth, toPanel } from './growth.js';

/** One run of this benchmark, as it is kept in results/. */
export interface Report {
  readonly benchmark: 'dispatch';
  readonly machine: Machine;
  /** Versions by name; null: missing. */
  readonly peers: Readonly<Record<string, string | null>>;
  readonly rounds: number;
  readonly results: readonly Result[];
  /** Null: not measured in this run. */
  readonly growth: readonly Growth[] | null;
}

/** The versions of all peers. @param versionOf that of a package of npm */
export function peerVersions(
  { python, netty }: Foreign,
  versionOf: (name: string) => string,
): Report['peers'] {
  return {
    comlink: versionOf('comlink'),
    tinypool: versionOf('tinypool'),
    piscina: versionOf('piscina'),
    python: python?.version ?? null,
    uvloop: python?.uvloop ?? null,
    netty: netty?.version ?? null,
    java: netty?.java ?? null,
  };
}

export function headLine(
  { node, commit, cpu, cores }: Machine,
  peers: Report['peers'],
  rounds: number,
): string {
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version ?? 'is missing'}`);
  return `Medians (smallest–largest) of ${rounds} rounds. ${cpu}, ${cores} cores, Node ${node}, ${commit}; ${versions.join(', ')}.`;
}

/** In Markdown: what each contender does, and what was asked of ours. */
export function showResult({ title, question, metrics, rows, verdicts, skipped }: Result): string {
  const parts = [
    `**${title}** (${question.calls.toLocaleString('en')} a run)`,
    toMarkdown([
      ['', ...metrics.map(({ unit }) => unit), 'calls a run'],
      ...rows.map(({ contender, calls, figures }) => [
        contender,
        ...metrics.map(({ name }) => show(figures[name])),
        calls.toLocaleString('en'),
      ]),
    ]),
  ];
  if (verdicts.length > 0) parts.push(showVerdicts(verdicts));
  for (const [name, why] of Object.entries(skipped)) parts.push(`${name} was left out: ${why}.`);
  return parts.join('\n\n');
}

function showVerdicts(verdicts: readonly Verdict[]): string {
  return toMarkdown([
    ['', 'measured', 'aim', 'met'],
    ...verdicts.map(({ contender, metric, against, sense, bound, value, met }) => [
      `${contender}, ${metric}${against === null ? '' : ` by ${against}`}`,
      value === null ? 'peer is missing' : showSpread(value),
      bound === null ? '–' : `${sense === 'at least' ? '≥' : '≤'} ${bound}`,
      met === null ? '–' : met ? 'yes' : '**no**',
    ]),
  ]);
}

export function showGrowth(growth: Growth): string {
  const { title, xLabel, lines } = toPanel(growth);
  return [
    `**${title}** (M/s)`,
    toMarkdown([
      [xLabel, ...growth.points.map(({ x }) => x.toLocaleString('en'))],
      ...lines.map(({ name, points }) => [name, ...points.map(({ y }) => showFigure(y / 1e6))]),
    ]),
  ].join('\n\n');
}

export function showSummary(results: readonly Result[]): string {
  const verdicts = results.flatMap((result) => result.verdicts).filter(({ bound }) => bound !== null);
  const met = verdicts.filter((verdict) => verdict.met === true).length;
  const missing = verdicts.filter((verdict) => verdict.met === null).length;
  return `Aims: ${met} of ${verdicts.length - missing} met${missing === 0 ? '' : `, ${missing} not judged for want of a peer`}`;
}

function show(spread: Result['rows'][number]['figures'][string] | undefined): string {
  return spread === undefined || Number.isNaN(spread.median) ? '–' : showSpread(spread);
}

/** The first column to the left, figures to the right. */
function toMarkdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, i) => (i === 0 ? '---' : '---:'));
  return [head, rule, ...rows].map(line).join('\n');
}
