import type { Machine } from '../harness/machine.js';
import type { Spread } from '../harness/statistics.js';
import { alignColumns, showSpread } from '../harness/table.js';
import type { CellResult, Result, Row, Verdict } from './compare.js';
import type { Figures } from './contender.js';
import type { Host } from './host.js';
import type { Cell } from './scenario.js';

/** One run of this benchmark, as it is kept in results/. */
export interface Report {
  readonly benchmark: 'net';
  readonly machine: Machine;
  /** Versions by name; null: missing. */
  readonly peers: Readonly<Record<string, string | null>>;
  /** Null: the system decided. */
  readonly cores: Host['cores'];
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
  readonly results: readonly Result[];
}

export function headLine({ machine, peers, cores, rounds, seconds }: Omit<Report, 'results'>): string {
  const { cpu, cores: number, node, system, commit } = machine;
  const versions = Object.entries(peers).map(([name, version]) => `${name} ${version ?? 'is missing'}`);
  const pinned =
    cores === null ? 'processes not pinned' : `servers on core ${cores[0]}, the load on core ${cores[1]}`;
  return [
    `Medians (smallest–largest) of ${rounds} rounds of ${seconds} s, servers in turns; ${pinned}.`,
    `${cpu}, ${number} cores, ${system}, Node ${node}, ${commit}; ${versions.join(', ')}.`,
  ].join('\n');
}

interface Column {
  readonly head: string;
  readonly of: (row: Row) => Spread | undefined;
  readonly scale?: number;
}

const figure = (head: string, name: keyof Figures, scale = 1): Column => ({
  head,
  of: ({ figures }) => figures[name],
  scale,
});
const ratio = (head: string, name: 'user' | 'total' | 'rate' | 'memory'): Column => ({
  head,
  of: ({ ratios }) => ratios?.[name],
});

const COLUMNS: Readonly<Record<Result['measures'], readonly Column[]>> = {
  requests: [
    figure('user µs', 'user'),
    figure('system µs', 'system'),
    figure('thousand/s', 'rate', 1e-3),
    ratio('user ×', 'user'),
    ratio('total ×', 'total'),
    ratio('rate ×', 'rate'),
  ],
  memory: [figure('KiB', 'memory', 1 / 1024), ratio('×', 'memory')],
};

/** Single figures: what the processors did, and how long a request takes. */
const ASIDE: readonly Column[] = [
  figure('server %', 'serverLoad', 100),
  figure('load %', 'clientLoad', 100),
  figure('p50 µs', 'p50'),
  figure('p99 µs', 'p99'),
];

/** One table for each cell. */
export function showResult({ title, measures, base, cells, skipped }: Result): string {
  const parts = cells.map((result) => {
    const head = `${title}: ${describeCell(result.cell)}, by ${base}`;
    if (result.skipped !== null) return `${head}\nwas left out: ${result.skipped}.`;
    return [head, showTable(result, measures), ...showTrouble(result)].join('\n');
  });
  const missing = Object.entries(skipped).map(([name, why]) => `${name} was left out: ${why}.`);
  return [...parts, ...(missing.length > 0 ? [missing.join('\n')] : [])].join('\n\n');
}

function showTable({ rows }: CellResult, measures: Result['measures']): string {
  const columns = COLUMNS[measures];
  const aside = measures === 'requests' ? ASIDE : [];
  return alignColumns([
    ['', ...[...columns, ...aside].map(({ head }) => head)],
    ...rows.map((row) => [
      row.server,
      ...columns.map(({ of, scale }) => show(of(row), scale)),
      ...aside.map(({ of, scale = 1 }) => ((of(row)?.median ?? NaN) * scale).toFixed(0)),
    ]),
  ]);
}

function showTrouble({ rows, failed }: CellResult): string[] {
  const lost = rows.filter(({ figures }) => (figures.lost?.max ?? 0) > 0);
  return [
    ...lost.map(
      ({ server, figures }) => `${server}: up to ${figures.lost?.max ?? 0} datagrams of a round were lost.`,
    ),
    ...Object.entries(failed).map(([server, why]) => `${server} FAILED: ${why}`),
  ];
}

export function describeCell({ connections, size, depth }: Cell): string {
  const plural = connections === 1 ? '' : 's';
  const parts = [
    `${connections.toLocaleString('en')} connection${plural}`,
    `${size.toLocaleString('en')} bytes`,
  ];
  return [...parts, ...(depth === 1 ? [] : [`${depth} under way`])].join(', ');
}

/** What was aimed at, and what was measured. */
export function showAims(results: readonly Result[]): string {
  const rows = aimRows(results);
  if (rows.length === 0) return '';
  const verdicts = results.flatMap(({ cells }) => cells.flatMap((cell) => cell.verdicts));
  const judged = verdicts.filter(({ met }) => met !== null);
  const unjudged = verdicts.length - judged.length;
  return [
    alignColumns([AIM_HEAD, ...rows]),
    '',
    `Aims: ${judged.filter(({ met }) => met).length} of ${judged.length} met${unjudged === 0 ? '' : `, ${unjudged} not judged: a server is missing`}`,
  ].join('\n');
}

export const AIM_HEAD = ['question', 'server', 'figure', 'by', 'ratio', 'aim', 'met'];

export function aimRows(results: readonly Result[]): string[][] {
  return results.flatMap(({ scenario, cells }) =>
    cells.flatMap(({ cell, verdicts }) =>
      verdicts.map((verdict) => [`${scenario}: ${describeCell(cell)}`, ...showVerdict(verdict)]),
    ),
  );
}

const METRICS = {
  user: 'user CPU',
  system: 'system CPU',
  total: 'total CPU',
  rate: 'requests/s',
  memory: 'memory',
};

function showVerdict({ server, metric, against, sense, bound, value, met }: Verdict): string[] {
  return [
    server,
    METRICS[metric],
    against,
    value === null ? 'a server is missing' : showSpread(value),
    `${sense === 'at least' ? '≥' : '≤'} ${bound}`,
    met === null ? '–' : met ? 'yes' : 'no',
  ];
}

function show(spread: Spread | undefined, scale?: number): string {
  return spread === undefined || Number.isNaN(spread.median) ? '–' : showSpread(spread, scale);
}
