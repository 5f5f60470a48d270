/**
 * What does one event loop cost inside: callbacks, timers, tasks, futures? ringloop beside what Node has itself, and beside
 * asyncio and uvloop where they are installed. Each contender works in a process of its own, all take turns in one run:
 * on a shared machine only the ratios mean anything.
 *
 *     npm run bench:core [-- --rounds N] [--scenario NAME] [--memory] [--growth] [--json FILE] [--write]
 *
 * --memory weighs what is pending, --growth measures with up to a million pending at once. --write does both, and keeps
 * the report and the chart of growth in results/.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compare, type ScenarioResult } from './core/compare.js';
import { grow, type Growth, toPanel } from './core/growth.js';
import { findPython, type Python } from './harness/python.js';
import { headLine, type Report, showGrowth, showMemory, showScenario, showSummary } from './core/report.js';
import { GROWING, SCENARIOS } from './core/scenarios.js';
import { weighAll } from './core/weigh.js';
import { drawCharts } from './harness/line-chart.js';
import { describeMachine, type Machine } from './harness/machine.js';

const RESULTS = new URL('../../benchmarks/results/', import.meta.url);

function readOptions(): {
  rounds: number;
  scenario: string | null;
  memory: boolean;
  growth: boolean;
  json: string | null;
  write: boolean;
} {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '7' },
      scenario: { type: 'string' },
      memory: { type: 'boolean', default: false },
      growth: { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const { scenario = null, json = null, write } = values;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) {
    refuse(`--rounds must be a positive integer, got ${values.rounds}`);
  }
  if (scenario !== null && SCENARIOS.every(({ name }) => name !== scenario)) {
    refuse(`--scenario must be one of ${SCENARIOS.map(({ name }) => name).join(', ')}, got ${scenario}`);
  }
  if (scenario !== null && write) refuse('--write keeps whole reports only, and not that of one --scenario');
  return { rounds, scenario, json, write, memory: values.memory || write, growth: values.growth || write };
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

function print(text: string): void {
  console.log(`${text}\n`);
}

async function compareAll(
  rounds: number,
  only: string | null,
  python: Python | null,
): Promise<ScenarioResult[]> {
  const results: ScenarioResult[] = [];
  for (const scenario of SCENARIOS) {
    if (only !== null && scenario.name !== only) continue;
    const result = await compare(scenario, rounds, python);
    print(showScenario(result));
    results.push(result);
  }
  print(showSummary(results));
  return results;
}

async function growAll(only: string | null, python: Python | null): Promise<Growth[]> {
  const results: Growth[] = [];
  for (const scenario of GROWING) {
    if (only !== null && scenario.name !== only) continue;
    const result = await grow(scenario, python);
    print(showGrowth(result));
    results.push(result);
  }
  return results;
}

function keep(report: Report, machine: Machine): void {
  mkdirSync(RESULTS, { recursive: true });
  const major = process.versions.node.split('.')[0] ?? '';
  writeFileSync(new URL(`core-node${major}.json`, RESULTS), `${JSON.stringify(report, null, 2)}\n`);
  const caption = `Node ${machine.node}, ${machine.cpu}, ${machine.cores} cores, ${machine.commit}; benchmarks/core.ts`;
  if (report.growth !== null)
    writeFileSync(new URL('core-growth.svg', RESULTS), drawCharts(report.growth.map(toPanel), caption));
}

const { rounds, scenario, memory, growth, json, write } = readOptions();
const machine = describeMachine();
const python = findPython();
print(headLine(machine, python, rounds));
const scenarios = await compareAll(rounds, scenario, python);
const weights = memory ? await weighAll(python) : null;
if (weights !== null) print(showMemory(weights));
const report: Report = {
  benchmark: 'core',
  machine,
  peers: { python: python?.version ?? null, uvloop: python?.uvloop ?? null },
  rounds,
  scenarios,
  memory: weights,
  growth: growth ? await growAll(scenario, python) : null,
};
if (json !== null) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
if (write) keep(report, machine);
