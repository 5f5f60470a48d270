import type { Spread } from './statistics.js';

/** Columns under one another: the first to the left, figures to the right. */
export function alignColumns(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  );
  const align = (cell: string, i: number): string =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  return rows.map((row) => row.map(align).join('  ').trimEnd()).join('\n');
}

/** Median (smallest–largest). */
export function showSpread({ median, min, max }: Spread, scale = 1): string {
  const show = (value: number): string => showFigure(value * scale);
  return `${show(median)} (${show(min)}–${show(max)})`;
}

/** Three digits, none of them an exponent's. */
export function showFigure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
