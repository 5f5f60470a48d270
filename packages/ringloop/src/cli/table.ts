import type { LoopActivity } from './loop-activity.js';
import type { Report, ServingLoop } from './report.js';

const HEADINGS = ['loop', 'files', 'bytes', 'calls sent', 'calls received', 'executor tasks', 'utilisation'];

/** The report for people: a line for each loop, then the totals. */
export function formatReport(report: Report): string {
  const { loops, client, main } = report;
  const rows = [HEADINGS, ...loops.map(servingRow), otherRow('client', client), otherRow('main', main)];
  return `${alignColumns(rows)}\n\n${totals(report).join('\n')}\n`;
}

function servingRow(loop: ServingLoop): string[] {
  const [sent, received, utilisation] = activityCells(loop);
  return [
    loop.name,
    count(loop.files),
    count(loop.bytes),
    sent,
    received,
    count(loop.executorTasks),
    utilisation,
  ];
}

function otherRow(name: string, activity: LoopActivity): string[] {
  const [sent, received, utilisation] = activityCells(activity);
  return [name, '-', '-', sent, received, '-', utilisation];
}

function activityCells(activity: LoopActivity): [sent: string, received: string, utilisation: string] {
  return [count(activity.callsSent), count(activity.callsReceived), percent(activity.utilisation)];
}

/** Aligns the names left and the numbers right. */
function alignColumns(rows: readonly (readonly string[])[]): string {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const align = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  };
  return rows.map((row) => row.map(align).join('  ')).join('\n');
}

function totals(report: Report): string[] {
  const { files, bytes, seconds, mismatches } = report;
  const lines = [
    `${count(files)} files, ${megabytes(bytes)} MB in ${seconds.toFixed(2)} s: ` +
      `${rate(files, seconds)} files/s, ${rate(bytes / 1e6, seconds)} MB/s`,
    `per file: p50 ${milliseconds(report.p50Ms)}, p99 ${milliseconds(report.p99Ms)}`,
    `compressed to ${megabytes(report.compressedBytes)} MB`,
    `calls between threads: ${count(report.crossThreadCalls)}`,
    `mismatches: ${count(mismatches)}`,
  ];
  return report.interrupted ? [...lines, 'interrupted: not all files were sent'] : lines;
}

const count = (value: number): string => value.toLocaleString('en-US');
const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)} %`;
const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);
const milliseconds = (value: number | null): string => (value === null ? '-' : `${value.toFixed(2)} ms`);
const rate = (amount: number, seconds: number): string => (seconds > 0 ? amount / seconds : 0).toFixed(1);
