/**
 * What does it cost to start a program and to wait for its end? ringloop, which starts it with posix_spawn(), beside node:child_process,
 * which copies the process with fork(), and beside asyncio and uvloop where they are installed. It is the CPU time of the process that
 * starts: while it lasts, the loop does nothing else.
 *
 *     npm run bench:spawn [-- --rounds N] [--scenario NAME] [--json FILE] [--write]
 *
 * --write keeps the report in results/.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { describeMachine } from './harness/machine.js';
import { findPython } from './harness/python.js';
import { alignColumns, showSpread } from './harness/table.js';
import { compare, type Result } from './spawn/compare.js';
import { SCENARIOS } from './spawn/scenario.js';

const RESULTS = new URL('../../benchmarks/results/', import.meta.url);

function readOptions(): { rounds: number; scenario: string | null; json: string | null; write: boolean } {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '7' },
      scenario: { type: 'string' },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
    },
  });
  const { scenario = null, json = null, write } = values;
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    refuse(`--rounds must be a positive integer, got ${values.rounds}`);
  if (scenario !== null && SCENARIOS.every(({ name }) => name !== scenario))
    refuse(`--scenario must be one of: ${SCENARIOS.map(({ name }) => name).join('; ')}. Got ${scenario}`);
  if (scenario !== null && write) refuse('--write keeps whole reports only, and not that of one --scenario');
  return { rounds, scenario, json, write };
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}

function show({ scenario, aim, figures, met }: Result): string {
  const rows = figures.map(({ contender, cpuUs, wallUs, ratio }) => [
    contender,
    showSpread(cpuUs),
    showSpread(wallUs),
    showSpread(ratio),
  ]);
  const table = alignColumns([['', 'CPU µs a child', 'µs a child', 'CPU, child_process = 1'], ...rows]);
  const verdict = aim === null ? '' : `\naim: ringloop ≤ ${aim}: ${met === true ? 'met' : 'missed'}`;
  return `${scenario}\n${table}${verdict}\n`;
}

const { rounds, scenario, json, write } = readOptions();
const machine = describeMachine();
const python = findPython();
const { node, commit, date, cpu, cores, system } = machine;
console.log(
  `Node ${node}, ${commit}, ${date}; ${cores} × ${cpu}, ${system}; ${rounds} rounds, medians (smallest–largest)\n`,
);
const results: Result[] = [];
for (const each of SCENARIOS) {
  if (scenario !== null && each.name !== scenario) continue;
  const result = await compare(each, rounds, python);
  console.log(show(result));
  results.push(result);
}
const peers = { python: python?.version ?? null, uvloop: python?.uvloop ?? null };
const report = `${JSON.stringify({ benchmark: 'spawn', machine, peers, rounds, results }, null, 2)}\n`;
if (json !== null) writeFileSync(json, report);
if (write) {
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(new URL(`spawn-node${process.versions.node.split('.')[0] ?? ''}.json`, RESULTS), report);
}
