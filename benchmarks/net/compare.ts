import { ContenderError } from '../harness/contender-process.js';
import { ratioOf, type Spread, spreadOf } from '../harness/statistics.js';
import { type Contender, type Figures, openContender, type Run } from './contender.js';
import type { Host } from './host.js';
import { LoadError } from './load-program.js';
import type { Aim, Cell, Metric, Scenario } from './scenario.js';
import { missing } from './server-process.js';

export interface Row {
  readonly server: string;
  readonly figures: Partial<Readonly<Record<keyof Figures, Spread>>>;
  /** By those of the base, which are 1; null: the base is missing. */
  readonly ratios: Partial<Readonly<Record<Metric, Spread>>> | null;
}

export interface Verdict extends Aim {
  /** The ratio, round by round; null: one of both is missing. */
  readonly value: Spread | null;
  readonly met: boolean | null;
}

export interface CellResult {
  readonly cell: Cell;
  readonly rows: readonly Row[];
  readonly verdicts: readonly Verdict[];
  /** Why nothing was measured. */
  readonly skipped: string | null;
  /** Servers that answered wrongly or not at all, and what was seen. */
  readonly failed: Readonly<Record<string, string>>;
}

export interface Result {
  readonly scenario: string;
  readonly title: string;
  readonly measures: Scenario['measures'];
  readonly base: string;
  readonly cells: readonly CellResult[];
  /** Servers that took no part, and why. */
  readonly skipped: Readonly<Record<string, string>>;
}

/** Measures all servers of a scenario in turns, round by round, one cell after the other. */
export async function compare(scenario: Scenario, run: Run): Promise<Result> {
  const skipped: Record<string, string> = {};
  const contenders: Contender[] = [];
  const cells: CellResult[] = [];
  try {
    for (const server of scenario.servers) {
      const why = missing(server, run.host);
      if (why === null) contenders.push(await openContender(server, scenario, run));
      else skipped[server.name] = why;
    }
    for (const cell of scenario.cells) {
      const why = unfit(cell, scenario, run.host);
      if (why === null) cells.push(await measureCell(cell, contenders, { scenario, rounds: run.rounds }));
      else cells.push({ cell, rows: [], verdicts: [], skipped: why, failed: {} });
    }
  } finally {
    await Promise.all(contenders.map((contender) => contender.close()));
  }
  const { name, title, measures, base } = scenario;
  return { scenario: name, title, measures, base, cells, skipped };
}

const SPARE_DESCRIPTORS = 100; // what a process has open besides its connections
const LARGEST_DATAGRAM = 65_507; // bytes of IPv4

/** Why a cell cannot be measured on this machine; null: it can. */
export function unfit(
  { connections, size }: Cell,
  { kind }: Pick<Scenario, 'kind'>,
  { descriptors }: Pick<Host, 'descriptors'>,
): string | null {
  if (connections + SPARE_DESCRIPTORS > descriptors) {
    return `a process may have ${descriptors} descriptors (ulimit -Hn)`;
  }
  return kind === 'udp' && size > LARGEST_DATAGRAM
    ? `a datagram has at most ${LARGEST_DATAGRAM} bytes`
    : null;
}

async function measureCell(
  cell: Cell,
  contenders: readonly Contender[],
  { scenario, rounds }: { scenario: Scenario; rounds: number },
): Promise<CellResult> {
  const failed: Record<string, string> = {};
  const figures = new Map<string, Figures[]>();
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    if (name in failed) return;
    try {
      await work();
    } catch (thrown) {
      if (!(thrown instanceof LoadError || thrown instanceof ContenderError)) throw thrown;
      failed[name] = thrown.message;
      figures.delete(name);
    }
  };
  for (const { name, warmUp } of contenders) await attempt(name, () => warmUp(cell));
  for (let round = 0; round < rounds; round++) {
    for (const { name, measure } of contenders) {
      await attempt(name, async () => {
        const before = figures.get(name) ?? [];
        figures.set(name, [...before, await measure(cell)]);
      });
    }
  }
  const base = figures.get(scenario.base) ?? null;
  return {
    cell,
    rows: [...figures].map(([server, own]) => toRow(server, own, base)),
    verdicts: scenario.aims.map((aim) => judge(aim, figures)),
    skipped: null,
    failed,
  };
}

const RATIOS: readonly Metric[] = ['user', 'total', 'rate', 'memory'];

function toRow(server: string, rounds: readonly Figures[], base: readonly Figures[] | null): Row {
  const names = Object.keys(rounds[0] ?? {}) as (keyof Figures)[]; // it has no others
  const figures = names.map((name) => [name, spreadOf(column(rounds, name))]);
  const shared = RATIOS.filter((name) => names.includes(name));
  const ratios = (against: readonly Figures[]): Row['ratios'] =>
    Object.fromEntries(shared.map((name) => [name, ratioOf(column(rounds, name), column(against, name))]));
  return {
    server,
    figures: Object.fromEntries(figures) as Row['figures'], // as `names` says
    ratios: base === null ? null : ratios(base),
  };
}

/** Whether an aim is met, by the rounds of all servers. */
export function judge(aim: Aim, figures: ReadonlyMap<string, readonly Figures[]>): Verdict {
  const ours = figures.get(aim.server);
  const theirs = figures.get(aim.against);
  if (ours === undefined || theirs === undefined) return { ...aim, value: null, met: null };
  const value = ratioOf(column(ours, aim.metric), column(theirs, aim.metric));
  const met = aim.sense === 'at least' ? value.median >= aim.bound : value.median <= aim.bound;
  return { ...aim, value, met };
}

function column(rounds: readonly Figures[], name: keyof Figures): number[] {
  return rounds.map((figures) => figures[name] ?? NaN);
}
