/**
 * What does a connection cost its server? ringloop's sockets beside `node:net`, `node:dgram` and `node:http`, beside asyncio and
 * uvloop where they are installed, and beside a bare server on epoll in C. One load, in C, asks them all, compares every byte
 * that comes back, and reads the processor time of the server's processes from /proc. Needs Linux and a compiler.
 *
 *     npm run bench:net [-- --scenario NAME]… [--connections N,…] [--size BYTES,…] [--depth N,…] [--server NAME]… \
 *                       [--rounds N] [--seconds S] [--quick] [--json FILE] [--write] [--list]
 *
 * --quick asks what covers the aims only, in some 90 s; --write keeps the report in results/ and in docs/performance-net.md.
 * docs/performance-net.md says how it is measured.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeMachine } from './harness/machine.js';
import { compare, type Result } from './net/compare.js';
import { fillIn } from './net/document.js';
import { showGrowth } from './net/growth-bars.js';
import { findHost, type Host, NoCompilerError } from './net/host.js';
import { UsageError } from './harness/usage-error.js';
import { listScenarios, type Options, readOptions } from './net/options.js';
import { headLine, type Report, showAims, showResult } from './net/report.js';

const REPOSITORY = new URL('../../', import.meta.url);

function print(text: string): void {
  if (text !== '') console.log(`${text}\n`);
}

/** Whom the user can help is told what is wrong, without a stack. */
function orExit<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof UsageError || thrown instanceof NoCompilerError)) throw thrown;
    console.error(thrown.message);
    process.exit(2);
  }
}

async function compareAll({ scenarios, rounds, seconds }: Options, host: Host): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-net-'));
  const results: Result[] = [];
  try {
    for (const scenario of scenarios) {
      const result = await compare(scenario, { rounds, seconds, host, folder });
      print(showResult(result));
      print(showGrowth(result));
      results.push(result);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return results;
}

function keep(report: Report): void {
  const results = new URL('benchmarks/results/', REPOSITORY);
  const document = new URL('docs/performance-net.md', REPOSITORY);
  const file = `net-node${process.versions.node.split('.')[0] ?? ''}.json`;
  mkdirSync(results, { recursive: true });
  writeFileSync(new URL(file, results), `${JSON.stringify(report, null, 2)}\n`);
  writeFileSync(document, fillIn(readFileSync(document, 'utf8'), report, file));
}

const options = orExit(() => readOptions(process.argv.slice(2)));
if (options.list) {
  print(listScenarios());
} else {
  const host = orExit(findHost);
  const { rounds, seconds, json, write } = options;
  const { python, compiler, cores } = host;
  const peers = { python: python?.version ?? null, uvloop: python?.uvloop ?? null, compiler };
  const about = { benchmark: 'net', machine: describeMachine(), peers, cores, rounds, seconds } as const;
  print(headLine(about));
  const results = await compareAll(options, host);
  print(showAims(results));
  const report: Report = { ...about, results };
  if (json !== null) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  if (write) keep(report);
  const failed = results.some(({ cells }) => cells.some((cell) => Object.keys(cell.failed).length > 0));
  if (failed) process.exitCode = 1;
}
