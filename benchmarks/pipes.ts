/**
 * How fast does a program read what a child writes, and at what cost? `node build/benchmarks/pipes.js [MiB] [rounds]`: ringloop's
 * connectReadPipe() on a FIFO beside the `stdout` of node:child_process. The child is head(1), which copies zeros.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SelectorEventLoop } from '@ringloop/net';

interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const [mebibytes = 1024, rounds = 5] = process.argv.slice(2).map(Number);
const BYTES = mebibytes * 1_048_576;
const COMMAND = ['-c', String(BYTES), '/dev/zero'];

async function byRingloop(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'ringloop-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const write = openSync(path, 'w');
  rmSync(folder, { recursive: true });
  const child = spawn('head', COMMAND, { stdio: ['ignore', write, 'inherit'] });
  closeSync(write);
  const loop = new SelectorEventLoop();
  let bytes = 0;
  await loop.runUntilComplete(async () => {
    const lost = loop.createFuture<undefined>();
    const protocol = {
      dataReceived: (data: Buffer) => void (bytes += data.byteLength),
      connectionLost: () => {
        lost.setResult(undefined);
      },
    };
    await loop.connectReadPipe(() => protocol, read);
    await lost;
  });
  loop.close();
  if (child.exitCode === null) await once(child, 'exit');
  return bytes;
}

async function byNode(): Promise<number> {
  const child = spawn('head', COMMAND, { stdio: ['ignore', 'pipe', 'inherit'] });
  let bytes = 0;
  child.stdout.on('data', (data: Buffer) => (bytes += data.byteLength));
  await once(child, 'close');
  return bytes;
}

async function measure(read: () => Promise<number>): Promise<Measured> {
  const cpu = process.cpuUsage();
  const start = process.hrtime.bigint();
  const bytes = await read();
  if (bytes !== BYTES) throw new Error(`${bytes} of ${BYTES} bytes have come in`);
  const { user, system } = process.cpuUsage(cpu);
  return {
    seconds: Number(process.hrtime.bigint() - start) / 1e9,
    cpuSeconds: (user + system) / 1e6,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

const contenders = { ringloop: byRingloop, 'node:child_process': byNode };
const all = new Map<string, Measured[]>(Object.keys(contenders).map((name) => [name, []]));
for (let round = 0; round < rounds; round++) {
  for (const [name, read] of Object.entries(contenders)) all.get(name)?.push(await measure(read));
}
console.log(`${mebibytes} MiB from a child, median of ${rounds} rounds, Node ${process.versions.node}`);
for (const [name, measured] of all) {
  const speed = mebibytes / median(measured.map(({ seconds }) => seconds));
  const cpu = median(measured.map(({ cpuSeconds }) => cpuSeconds));
  console.log(`${name.padEnd(20)} ${speed.toFixed(0).padStart(6)} MiB/s ${cpu.toFixed(2).padStart(6)} s CPU`);
}
