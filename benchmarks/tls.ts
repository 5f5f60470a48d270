/**
 * What does TLS cost a server? Echo of 1 KiB on connections that stay, and handshakes, beside `node:tls` and asyncio. The figure is the
 * processor time of the server's process for each message and each handshake. Each server is a process of its own; they take turns in each
 * round. The first round is not counted. The load is Node's own client, in this process, so rates say less than times.
 *
 *     npm run bench:tls [-- --seconds 2] [--rounds 5]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ContenderProcess } from './harness/contender-process.js';
import { describeMachine } from './harness/machine.js';
import { findPython } from './harness/python.js';
import { ratioOf, spreadOf } from './harness/statistics.js';
import { alignColumns, showSpread } from './harness/table.js';
import { UsageError } from './harness/usage-error.js';
import { echo, handshakes, type Target } from './tls/load.js';
import { SERVERS } from './tls/servers.js';
import type { Answer, Question } from './tls/serving.js';

const BASE = 'node:tls';
const OURS = 'ringloop';
const CONNECTIONS = 50;
const MESSAGE_BYTES = 1024;
const AT_ONCE = 8;

interface Scenario {
  readonly name: string;
  /** Resolves with how often it was done. */
  readonly load: (target: Target, seconds: number) => Promise<number>;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'echo 1 KiB', load: (target, seconds) => echo(target, CONNECTIONS, MESSAGE_BYTES, seconds) },
  { name: 'handshake', load: (target, seconds) => handshakes(target, AT_ONCE, seconds) },
];

interface Figures {
  /** Microseconds of the server's processors, for each. */
  readonly cpu: number;
  /** In a second. */
  readonly rate: number;
}

type Contenders = ReadonlyMap<string, { process: ContenderProcess<Question, Answer>; target: Target }>;

function readOptions(): { seconds: number; rounds: number } {
  const { values } = parseArgs({ options: { seconds: { type: 'string' }, rounds: { type: 'string' } } });
  const seconds = Number(values.seconds ?? 2);
  const rounds = Number(values.rounds ?? 5);
  if (!(seconds > 0)) throw new UsageError(`--seconds must be a positive number, got ${values.seconds}`);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new UsageError(`--rounds must be a positive integer, got ${values.rounds}`);
  return { seconds, rounds };
}

function makeCertificate(folder: string): { key: string; cert: string } {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const args = ['req', '-x509', '-nodes', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-days', '1'];
  execFileSync('openssl', [...args, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
}

async function openContenders(certificate: { key: string; cert: string }): Promise<Contenders> {
  const program = fileURLToPath(new URL('./tls/server-process.js', import.meta.url));
  const commands = new Map(Object.keys(SERVERS).map((name) => [name, [process.execPath, program, name]]));
  const python = findPython();
  const script = fileURLToPath(new URL('../../benchmarks/peers/tls.py', import.meta.url));
  if (python !== null) commands.set('asyncio', [python.command, '-B', script]);
  const contenders = new Map<string, { process: ContenderProcess<Question, Answer>; target: Target }>();
  for (const [name, [command = '', ...args]] of commands) {
    const contender = new ContenderProcess<Question, Answer>(name, command, args);
    const { port } = await contender.ask({ ask: 'listen', ...certificate });
    contenders.set(name, { process: contender, target: { port, ca: certificate.cert } });
  }
  return contenders;
}

async function measure(
  { load }: Scenario,
  contenders: Contenders,
  { seconds, rounds }: { seconds: number; rounds: number },
): Promise<Map<string, Figures[]>> {
  const figures = new Map<string, Figures[]>();
  for (let round = 0; round <= rounds; round++) {
    for (const [name, { process: contender, target }] of contenders) {
      const before = await contender.ask({ ask: 'cpu' });
      const start = performance.now();
      const count = await load(target, seconds);
      const after = await contender.ask({ ask: 'cpu' });
      const cpu = ((after.user + after.system - before.user - before.system) / count) * 1e6;
      const rate = count / ((performance.now() - start) / 1000);
      if (round > 0) figures.set(name, [...(figures.get(name) ?? []), { cpu, rate }]);
    }
  }
  return figures;
}

function show({ name: scenario }: Scenario, figures: ReadonlyMap<string, readonly Figures[]>): string {
  const of = (name: string, metric: keyof Figures): number[] =>
    (figures.get(name) ?? []).map((each) => each[metric]);
  const rows = [...figures.keys()].map((name) => [
    name,
    showSpread(spreadOf(of(name, 'cpu'))),
    showSpread(ratioOf(of(name, 'cpu'), of(BASE, 'cpu'))),
    showSpread(spreadOf(of(name, 'rate'))),
  ]);
  const ratio = ratioOf(of(OURS, 'cpu'), of(BASE, 'cpu')).median;
  return [
    alignColumns([[scenario, 'CPU µs', `by ${BASE}`, 'in a second'], ...rows]),
    `${ratio <= 1 ? 'met' : 'missed'}: ${OURS} at most the CPU of ${BASE}`,
  ].join('\n\n');
}

const folder = mkdtempSync(join(tmpdir(), 'bench-tls-'));
try {
  const options = readOptions();
  const { cpu, cores, system, node, commit, date } = describeMachine();
  console.log(`${options.seconds} s, ${options.rounds} rounds: median (smallest–largest)\n`);
  const contenders = await openContenders(makeCertificate(folder));
  try {
    for (const scenario of SCENARIOS)
      console.log(`${show(scenario, await measure(scenario, contenders, options))}\n`);
  } finally {
    for (const { process: contender } of contenders.values()) await contender.close();
  }
  console.log(`${cpu}, ${cores} cores, ${system}, Node ${node}, ${commit}. ${date}`);
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown;
  console.error(thrown.message);
  process.exitCode = 2;
} finally {
  rmSync(folder, { recursive: true });
}
