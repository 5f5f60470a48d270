import { showFigure } from '../harness/table.js';
import type { CellResult, Result, Row } from './compare.js';
import type { Cell } from './scenario.js';

const WIDTH = 48; // of the longest bar, in characters
const MIDDLE = { connections: 100, size: 1_024 }; // what stays the same while the other grows, or what is nearest

interface Bar {
  readonly label: string;
  /** Its parts, one after the other, each with its character. */
  readonly parts: readonly (readonly [character: string, value: number])[];
}

/** How the median grows with the connections, and with the size; '' where neither has more than one value. */
export function showGrowth(result: Result): string {
  return (['connections', 'size'] as const)
    .map((along) => {
      const cells = alongOne(result.cells, along);
      return cells.length < 2 ? '' : showBars(titleOf(result, along, cells), groupsOf(cells, along));
    })
    .filter((text) => text !== '')
    .join('\n\n');
}

/** The cells that differ in one number only, with the other one as near as can be to MIDDLE. */
function alongOne(cells: readonly CellResult[], along: keyof typeof MIDDLE): CellResult[] {
  const other = along === 'size' ? 'connections' : 'size';
  const distance = (cell: Cell): number => Math.abs(Math.log(cell[other] / MIDDLE[other]));
  const measured = cells.filter(({ rows }) => rows.length > 0);
  const nearest = Math.min(...measured.map(({ cell }) => distance(cell)));
  return measured
    .filter(({ cell }) => distance(cell) === nearest)
    .sort((a, b) => a.cell[along] - b.cell[along]);
}

function titleOf({ title, measures }: Result, along: keyof Cell, cells: readonly CellResult[]): string {
  const cell = cells[0]?.cell ?? { ...MIDDLE, depth: 1 };
  const fixed =
    along === 'size'
      ? `${show(cell.connections)} at a time, by bytes`
      : `${show(cell.size)} bytes, by connections`;
  const what =
    measures === 'memory'
      ? '# KiB a connection'
      : '# user and - system, microseconds of the server a request';
  return `${title}, ${fixed} (${what})`;
}

function groupsOf(cells: readonly CellResult[], along: keyof Cell): [string, Bar[]][] {
  return cells.map(({ cell, rows }) => [show(cell[along]), rows.map(toBar)]);
}

function toBar({ server, figures }: Row): Bar {
  const median = (name: 'user' | 'system' | 'memory'): number => figures[name]?.median ?? 0;
  const parts = [
    ['#', median('user') + median('memory') / 1024],
    ['-', median('system')],
  ] as const;
  return { label: server, parts };
}

/** All groups have one scale: the longest bar fills it. */
export function showBars(title: string, groups: readonly (readonly [string, readonly Bar[]])[]): string {
  const bars = groups.flatMap(([, some]) => some);
  const longest = Math.max(...bars.map(valueOf));
  const groupWidth = Math.max(...groups.map(([name]) => name.length));
  const labelWidth = Math.max(...bars.map(({ label }) => label.length));
  const lines = groups.flatMap(([name, some]) =>
    some.map((bar, i) => {
      const head = `${(i === 0 ? name : '').padStart(groupWidth)}  ${bar.label.padEnd(labelWidth)}`;
      return `${head}  ${draw(bar, longest)} ${showFigure(valueOf(bar))}`;
    }),
  );
  return [title, ...lines].join('\n');
}

/** Rounded where the parts end, so that their sum is as long as the bar of the sum. */
function draw({ parts }: Bar, longest: number): string {
  let drawn = '';
  let sum = 0;
  for (const [character, value] of parts) {
    sum += value;
    drawn += character.repeat(Math.max(0, Math.round((WIDTH * sum) / longest) - drawn.length));
  }
  return drawn;
}

function valueOf({ parts }: Bar): number {
  return parts.reduce((sum, [, value]) => sum + value, 0);
}

function show(number: number): string {
  return number.toLocaleString('en');
}
