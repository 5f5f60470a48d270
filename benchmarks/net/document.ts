import { aimRows, AIM_HEAD, headLine, type Report } from './report.js';

const BEGIN = '<!-- figures of bench:net, written by --write -->';
const END = '<!-- end of the figures -->';

/** The document with the figures of this report, in place of those of the last one. */
export function fillIn(document: string, report: Report, resultFile: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`No "${BEGIN}" before "${END}" in the document`);
  const before = document.slice(0, begin + BEGIN.length);
  return `${before}\n\n${showFigures(report, resultFile)}\n\n${document.slice(end)}`;
}

function showFigures(report: Report, resultFile: string): string {
  const source = `${report.machine.date}; [${resultFile}](../benchmarks/results/${resultFile}).`;
  return [toMarkdown([AIM_HEAD, ...aimRows(report.results)]), `${headLine(report)} ${source}`].join('\n\n');
}

/** As Prettier leaves it. */
function toMarkdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
