/**
 * What does a call into another thread cost? ringloop beside what Node has itself, Comlink, tinypool and piscina, and beside asyncio,
 * uvloop and Netty where they are installed. Each contender works in a process of its own, all take turns in each round: on a
 * shared machine only the ratios within a round mean anything.
 *
 *     npm run bench [-- --rounds N] [--scenario NAME]… [--contender NAME]… [--idle] [--memory] [--growth] [--json FILE] [--write] [--list]
 *
 * --idle, --memory, --growth and --scenario ask for that alone. --write asks for everything, and keeps the report and the
 * plots in results/. All say the same on their own side:
 *
 *   ringloop            callSoonThreadsafe() of a remote function that counts; one call at a time
 *   postMessage         worker.postMessage(payload): one message a call, structured clone, which is all it has for it
 *   …, 1,000 a message  an array of payloads: its best when all calls are known beforehand
 *   …, transferred      bytes copied once by the sender and transferred, rather than cloned
 *   BroadcastChannel    one channel in each thread
 *   Comlink             on a MessageChannel, 256 calls under way: each is answered
 *   tinypool, piscina   one thread, 256 jobs under way: each is answered
 *   asyncio, uvloop     call_soon_threadsafe() from a plain thread; run_coroutine_threadsafe() with 256 under way
 *   Netty               NioEventLoop.execute() from a plain thread
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { compare, type Result } from './dispatch/compare.js';
import { findForeign, type Foreign } from './dispatch/foreign.js';
import { GROWING } from './dispatch/growing.js';
import { grow, type Growth, toPanel } from './dispatch/growth.js';
import { UsageError } from './harness/usage-error.js';
import { listScenarios, type Options, readOptions } from './dispatch/options.js';
import {
  headLine,
  peerVersions,
  type Report,
  showGrowth,
  showResult,
  showSummary,
} from './dispatch/report.js';
import { drawCharts } from './harness/line-chart.js';
import { describeMachine } from './harness/machine.js';

const REPOSITORY = new URL('../../', import.meta.url);
const RESULTS = new URL('benchmarks/results/', REPOSITORY);

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    console.error(thrown.message);
    process.exit(2);
  }
}

function print(text: string): void {
  console.log(`${text}\n`);
}

function versionOf(name: string): string {
  const file = new URL(`node_modules/${name}/package.json`, REPOSITORY);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version; // npm wrote it
}

async function compareAll({ scenarios, rounds }: Options, foreign: Foreign): Promise<Result[]> {
  const results: Result[] = [];
  for (const scenario of scenarios) {
    const result = await compare(scenario, { rounds, foreign });
    print(showResult(result));
    results.push(result);
  }
  return results;
}

async function growAll(foreign: Foreign): Promise<Growth[]> {
  const results: Growth[] = [];
  for (const growing of GROWING) {
    const growth = await grow(growing, foreign);
    print(showGrowth(growth));
    results.push(growth);
  }
  return results;
}

function keep(report: Report): void {
  mkdirSync(RESULTS, { recursive: true });
  const major = process.versions.node.split('.')[0] ?? '';
  writeFileSync(new URL(`dispatch-node${major}.json`, RESULTS), `${JSON.stringify(report, null, 2)}\n`);
  const { node, cpu, cores, commit } = report.machine;
  const caption = `Node ${node}, ${cpu}, ${cores} cores, ${commit}; benchmarks/dispatch.ts`;
  const plots = drawCharts(report.growth?.map(toPanel) ?? [], caption, { sameScale: false });
  writeFileSync(new URL('dispatch-growth.svg', RESULTS), plots);
}

const options = optionsOrExit();
if (options.list) {
  print(listScenarios());
} else {
  const machine = describeMachine();
  const foreign = findForeign();
  const peers = peerVersions(foreign, versionOf);
  print(headLine(machine, peers, options.rounds));
  const results = await compareAll(options, foreign);
  if (results.length > 0) print(showSummary(results));
  const growth = options.growth ? await growAll(foreign) : null;
  const report: Report = { benchmark: 'dispatch', machine, peers, rounds: options.rounds, results, growth };
  if (options.json !== null) writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
  if (options.write) keep(report);
}
