/**
 * What does it cost to send a file? `loop.sendfile()` beside `createReadStream().pipe()` and asyncio's, over TCP on this machine, from a
 * file that is in memory. The figure is the processor time of the sender's process, with all its threads. Each sender is a process of its
 * own; they take turns in each round. The first round is not counted, and there every byte is compared.
 *
 *     npm run bench:sendfile [-- --mib 1024] [--rounds 5]
 */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
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
import { Receiver } from './sendfile/receiver.js';
import { SENDERS } from './sendfile/senders.js';
import type { Answer, Question } from './sendfile/sending.js';

const MIB = 2 ** 20;
const BASE = 'createReadStream().pipe';
const AIM = { sender: 'ringloop', bound: 0.25 };

type Contenders = ReadonlyMap<string, ContenderProcess<Question, Answer>>;

function readOptions(): { mib: number; rounds: number } {
  const { values } = parseArgs({ options: { mib: { type: 'string' }, rounds: { type: 'string' } } });
  const count = (text: string | undefined, name: string, fallback: number): number => {
    const value = text === undefined ? fallback : Number(text);
    if (!Number.isInteger(value) || value < 1)
      throw new UsageError(`--${name} must be a positive integer, got ${text}`);
    return value;
  };
  return { mib: count(values.mib, 'mib', 1024), rounds: count(values.rounds, 'rounds', 5) };
}

/** Opens it for the comparison, too. */
function writeFile(path: string, mib: number): number {
  const fd = openSync(path, 'w+');
  const block = Buffer.alloc(MIB);
  for (let n = 0; n < mib; n++) {
    for (let at = 0; at < MIB; at += 4096) block.writeUInt32LE(n * 256 + at / 4096, at);
    writeSync(fd, block);
  }
  return fd;
}

function openContenders(): Contenders {
  const program = fileURLToPath(new URL('./sendfile/sender-process.js', import.meta.url));
  const contenders = new Map(
    Object.keys(SENDERS).map((name) => [
      name,
      new ContenderProcess<Question, Answer>(name, process.execPath, [program, name]),
    ]),
  );
  const python = findPython();
  const script = fileURLToPath(new URL('../../benchmarks/peers/sendfile.py', import.meta.url));
  if (python !== null) contenders.set('asyncio', new ContenderProcess('asyncio', python.command, [script]));
  return contenders;
}

async function measure(mib: number, rounds: number, folder: string): Promise<Map<string, Answer[]>> {
  const path = join(folder, 'file');
  const fd = writeFile(path, mib);
  const receiver = await Receiver.open(fd);
  const contenders = openContenders();
  const answers = new Map<string, Answer[]>();
  try {
    for (let round = 0; round <= rounds; round++) {
      for (const [name, contender] of contenders) {
        const receiving = receiver.receive(round === 0);
        const answer = await contender.ask({ path, port: receiver.port });
        const bytes = await receiving;
        if (bytes !== mib * MIB) throw new Error(`${name} has sent ${bytes} bytes of ${mib * MIB}`);
        if (round > 0) answers.set(name, [...(answers.get(name) ?? []), answer]);
      }
    }
    return answers;
  } finally {
    for (const contender of contenders.values()) await contender.close();
    receiver.close();
    closeSync(fd);
  }
}

function show(answers: ReadonlyMap<string, readonly Answer[]>, mib: number): string {
  const totals = (name: string): number[] =>
    (answers.get(name) ?? []).map(({ user, system }) => user + system);
  const rows = [...answers].map(([name, each]) => [
    name,
    showSpread(spreadOf(totals(name)), 1000),
    showSpread(spreadOf(each.map(({ user }) => user)), 1000),
    showSpread(spreadOf(each.map(({ seconds }) => mib / seconds))),
    showSpread(ratioOf(totals(name), totals(BASE))),
  ]);
  const ratio = ratioOf(totals(AIM.sender), totals(BASE)).median;
  const verdict = ratio <= AIM.bound ? 'met' : 'missed';
  return [
    alignColumns([['', 'CPU ms', 'of it user', 'MiB/s', `CPU by ${BASE}`], ...rows]),
    `${verdict}: ${AIM.sender} at most ${AIM.bound} × the CPU of ${BASE}`,
  ].join('\n\n');
}

const folder = mkdtempSync(join(tmpdir(), 'bench-sendfile-'));
try {
  const { mib, rounds } = readOptions();
  const { cpu, cores, system, node, commit, date } = describeMachine();
  console.log(`${mib} MiB, ${rounds} rounds: median (smallest–largest)\n`);
  console.log(show(await measure(mib, rounds, folder), mib));
  console.log(`\n${cpu}, ${cores} cores, ${system}, Node ${node}, ${commit}. ${date}`);
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown;
  console.error(thrown.message);
  process.exitCode = 2;
} finally {
  rmSync(folder, { recursive: true });
}
