export interface ChartPoint {
  readonly x: number;
  readonly y: number;
}

export interface ChartLine {
  readonly name: string;
  readonly points: readonly ChartPoint[];
}

/** One plot: lines over a few values of x, which stand side by side in equal steps. */
export interface Panel {
  readonly title: string;
  readonly xLabel: string;
  readonly lines: readonly ChartLine[];
}

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

/**
 * Plots below one another, two in a row, on a logarithmic scale: a level line is a figure that does not change.
 * @param sameScale whether all have the same vertical scale, so that they can be compared
 */
export function drawCharts(panels: readonly Panel[], caption: string, { sameScale = true } = {}): string {
  const scaleOf = (some: readonly Panel[]): LogAxis =>
    axisOf(some.flatMap(({ lines }) => lines.flatMap(({ points }) => points.map(({ y }) => y))));
  const width = PANEL.columns * PANEL.width;
  const height = HEAD + Math.ceil(panels.length / PANEL.columns) * PANEL.height;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
    `<style>${STYLE}</style>`,
    `<rect width="${width}" height="${height}" style="fill: var(--paper)"/>`,
    text(PLOT.left, 24, caption),
    ...panels.map((panel, i) => {
      const left = (i % PANEL.columns) * PANEL.width;
      const top = HEAD + Math.floor(i / PANEL.columns) * PANEL.height;
      const y = scaleOf(sameScale ? panels : [panel]);
      return `<g transform="translate(${left} ${top})">\n${drawPanel(panel, y)}\n</g>`;
    }),
    '</svg>\n',
  ].join('\n');
}

function drawPanel({ title, xLabel, lines }: Panel, y: LogAxis): string {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const toX = (value: number): number =>
    round(PLOT.left + (PLOT.width * xs.indexOf(value)) / Math.max(xs.length - 1, 1));
  const toY = (value: number): number => round(PLOT.top + PLOT.height * (1 - share(y, value)));
  const bottom = PLOT.top + PLOT.height;
  const right = PLOT.left + PLOT.width;
  return [
    text(PLOT.left, 20, title, 'class="title"'),
    ...xs.map((x) => {
      const at = toX(x);
      return `<path class="grid" d="M${at} ${PLOT.top}V${bottom}"/>${tick(at, bottom + 16, x, 'middle')}`;
    }),
    ...decades(y).map((power) => {
      const at = toY(10 ** power);
      return `<path class="grid" d="M${PLOT.left} ${at}H${right}"/>${tick(PLOT.left - 6, at + 4, 10 ** power, 'end')}`;
    }),
    text(PLOT.left + PLOT.width / 2, bottom + 34, xLabel, 'text-anchor="middle"'),
    ...styled(lines).map(({ line, family, dash }, i) => {
      const legendY = PLOT.top + 8 + 20 * i;
      const path = line.points.map((point) => `${toX(point.x)} ${toY(point.y)}`).join('L');
      const attributes = `class="${family}" stroke-dasharray="${dash}"`;
      return [
        path === '' ? '' : `<path ${attributes} d="M${path}"/>`,
        ...line.points.map(({ x, y }) => `<circle class="${family}" cx="${toX(x)}" cy="${toY(y)}" r="3"/>`),
        `<path ${attributes} d="M${right + 14} ${legendY}h24"/>`,
        text(right + 44, legendY + 4, line.name),
      ].join('');
    }),
  ].join('\n');
}

/** Each family has its colour, and its members differ in the dash. */
function styled(lines: readonly ChartLine[]): { line: ChartLine; family: string; dash: string }[] {
  const drawn = new Map<string, number>();
  return lines.map((line) => {
    const known = FAMILIES.find((family) => family === line.name);
    const family = line.name.startsWith('ringloop') ? 'ours' : (known ?? 'node');
    const before = drawn.get(family) ?? 0;
    drawn.set(family, before + 1);
    return { line, family, dash: DASHES[before % DASHES.length] ?? 'none' };
  });
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

function tick(x: number, y: number, value: number, anchor: string): string {
  return text(x, y, value.toLocaleString('en', { maximumSignificantDigits: 7 }), `text-anchor="${anchor}"`);
}

function text(x: number, y: number, content: string, attributes = ''): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x}" y="${y}" ${attributes}>${escaped}</text>`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}
