import type { Growth, Line, Point } from './growth.js';

/** In pixels: a plot with its legend at the right, two of them beside each other. */
const PLOT = { left: 66, top: 40, width: 310, height: 190 };
const PANEL = { width: 660, height: 290, columns: 2 };
const HEAD = 36;

/** Ours in blue, and what its forms differ in is the dash; readable on white and on black, see STYLE. */
const FAMILIES = ['ours', 'node', 'asyncio', 'uvloop'] as const;
const DASHES = ['none', '7 3', '2 3'];

const STYLE = `
  svg { --paper: #fff; --ink: #24292f; --grid: #d8dee4; --ours: #0969da; --node: #1a7f37; --asyncio: #9a6700; --uvloop: #cf222e; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --ink: #e6edf3; --grid: #30363d; --ours: #58a6ff; --node: #3fb950; --asyncio: #d29922; --uvloop: #ff7b72; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--ink); }
  .title { font-weight: 600; }
  .grid { stroke: var(--grid); fill: none; }
${FAMILIES.map(
  (family) => `  .${family} { stroke: var(--${family}); fill: none; stroke-width: 2; }
  circle.${family} { fill: var(--${family}); stroke: none; }`,
).join('\n')}
`;

/** Powers of ten from below the smallest value to above the largest. */
interface LogAxis {
  readonly low: number;
  readonly high: number;
}

/** All panels on the same scales, so that they can be compared. Log-log: a level line is a cost that does not grow. */
export function drawGrowth(growths: readonly Growth[], caption: string): string {
  const points = growths.flatMap(({ lines }) => lines.flatMap((line) => line.points));
  const x = axisOf(points.map(({ width }) => width));
  const y = axisOf(points.map(({ nsEach }) => nsEach));
  const width = PANEL.columns * PANEL.width;
  const height = HEAD + Math.ceil(growths.length / PANEL.columns) * PANEL.height;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" style="fill: var(--paper)"/>`,
    text(PLOT.left, 24, caption),
    ...growths.map((growth, i) => {
      const left = (i % PANEL.columns) * PANEL.width;
      const top = HEAD + Math.floor(i / PANEL.columns) * PANEL.height;
      return `<g transform="translate(${left} ${top})">\n${drawPanel(growth, x, y)}\n</g>`;
    }),
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ title, item, lines }: Growth, x: LogAxis, y: LogAxis): string {
  const toX = (value: number): number => round(PLOT.left + PLOT.width * share(x, value));
  const toY = (value: number): number => round(PLOT.top + PLOT.height * (1 - share(y, value)));
  const bottom = PLOT.top + PLOT.height;
  const right = PLOT.left + PLOT.width;
  return [
    text(PLOT.left, 20, `${title}: ns per ${item}`, 'class="title"'),
    ...decades(x).map((power) => {
      const at = toX(10 ** power);
      return `<path class="grid" d="M${at} ${PLOT.top}V${bottom}"/>${tick(at, bottom + 16, power, 'middle')}`;
    }),
    ...decades(y).map((power) => {
      const at = toY(10 ** power);
      return `<path class="grid" d="M${PLOT.left} ${at}H${right}"/>${tick(PLOT.left - 6, at + 4, power, 'end')}`;
    }),
    text(PLOT.left + PLOT.width / 2, bottom + 34, 'pending at once', 'text-anchor="middle"'),
    ...styled(lines).map(({ line, family, dash }, i) => {
      const legendY = PLOT.top + 8 + 20 * i;
      const path = line.points.map((point) => `${toX(point.width)} ${toY(point.nsEach)}`).join('L');
      const attributes = `class="${family}" stroke-dasharray="${dash}"`;
      return [
        path === '' ? '' : `<path ${attributes} d="M${path}"/>`,
        ...line.points.map((point) => dot(point, family, toX, toY)),
        `<path ${attributes} d="M${right + 14} ${legendY}h24"/>`,
        text(right + 44, legendY + 4, line.contender),
      ].join('');
    }),
  ].join('\n');
}

function styled(lines: readonly Line[]): { line: Line; family: string; dash: string }[] {
  let ours = 0;
  return lines.map((line) => {
    const known = FAMILIES.find((family) => family === line.contender);
    const family = line.contender.startsWith('ringloop') ? 'ours' : (known ?? 'node');
    return { line, family, dash: (family === 'ours' ? DASHES[ours++ % DASHES.length] : undefined) ?? 'none' };
  });
}

function dot(
  { width, nsEach }: Point,
  family: string,
  toX: (value: number) => number,
  toY: (value: number) => number,
): string {
  return `<circle class="${family}" cx="${toX(width)}" cy="${toY(nsEach)}" r="3"/>`;
}

function axisOf(values: readonly number[]): LogAxis {
  const logs = values.map(Math.log10);
  // Rounding errors aside: a thousand is exactly on its line.
  return { low: Math.floor(Math.min(...logs) + 1e-9), high: Math.ceil(Math.max(...logs) - 1e-9) };
}

function decades({ low, high }: LogAxis): number[] {
  return Array.from({ length: high - low + 1 }, (_, i) => low + i);
}

function share({ low, high }: LogAxis, value: number): number {
  return (Math.log10(value) - low) / Math.max(high - low, 1);
}

function tick(x: number, y: number, power: number, anchor: string): string {
  return text(x, y, (10 ** power).toLocaleString('en'), `text-anchor="${anchor}"`);
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
