/**
 * How long does a signal take until its handler runs in a loop that is idle? From kill(2) in this process to the first line
 * of the handler in another, on the clock that both share (CLOCK_MONOTONIC). One signal at a time; the contenders take
 * turns, so that a busy machine is busy for all of them.
 *
 *     npm run bench:signals [-- --rounds N] [--signals N] [--json FILE]
 *
 *   process.on    Node's own listener in the main thread
 *   main loop     ringloop: addSignalHandler() in the loop of the main thread
 *   worker loop   ringloop: the same in the loop of a worker, relayed by a main thread that is idle as well
 *   asyncio       add_signal_handler() in the main thread; uvloop the same, where they are installed
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describeMachine } from './harness/machine.js';
import { findPython, pythonLoops } from './harness/python.js';

/** Time for a loop to fall asleep again, in ms; arbitrary, far above what any of them takes. */
const PAUSE_MS = 3;

class Contender {
  readonly name: string;
  readonly latenciesUs: number[] = [];
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(name: string, command: string, args: string[]) {
    this.name = name;
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    this.#lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  }

  async ready(): Promise<void> {
    await this.#line();
  }

  async signal(): Promise<void> {
    await delay(PAUSE_MS);
    const sent = process.hrtime.bigint();
    this.#process.kill('SIGUSR2');
    const handled = BigInt(await this.#line());
    this.latenciesUs.push(Number(handled - sent) / 1000);
  }

  async end(): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }

  async #line(): Promise<string> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`${this.name} has ended`);
    return line.value;
  }
}

function readOptions(): { rounds: number; signals: number; json: string | null } {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      signals: { type: 'string', default: '200' },
      json: { type: 'string' },
    },
  });
  const [rounds, signals] = [Number(values.rounds), Number(values.signals)];
  for (const each of [rounds, signals]) {
    if (Number.isInteger(each) && each > 0) continue;
    console.error('--rounds and --signals must be positive integers');
    process.exit(2);
  }
  return { rounds, signals, json: values.json ?? null };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

const { rounds, signals, json } = readOptions();
const contender = fileURLToPath(new URL('./signals/contender.js', import.meta.url));
const python = findPython();
const peer = fileURLToPath(new URL('../../benchmarks/peers/signals.py', import.meta.url));
const contenders = [
  ...['process.on', 'main loop', 'worker loop'].map(
    (name) => new Contender(name, process.execPath, [contender, name]),
  ),
  ...pythonLoops(python).map((name) => new Contender(name, python?.command ?? '', [peer, name])),
];
await Promise.all(contenders.map((each) => each.ready()));
for (const each of contenders) for (let n = 0; n < 20; n++) await each.signal(); // warm up
for (const each of contenders) each.latenciesUs.length = 0;
for (let round = 0; round < rounds; round++) {
  for (const each of contenders) for (let n = 0; n < signals; n++) await each.signal();
}

const machine = describeMachine();
const results = contenders.map(({ name, latenciesUs }) => {
  const sorted = latenciesUs.toSorted((a, b) => a - b);
  return { name, p50Us: percentile(sorted, 0.5), p99Us: percentile(sorted, 0.99), n: sorted.length };
});
const { node, commit, date, cpu, cores } = machine;
console.log(`Node ${node}, ${cpu}, ${cores} cores, ${date}, ${commit}\n`);
console.log('contender        p50        p99');
for (const { name, p50Us, p99Us } of results) {
  console.log(`${name.padEnd(12)} ${p50Us.toFixed(0).padStart(4)} µs ${p99Us.toFixed(0).padStart(7)} µs`);
}
if (json !== null) writeFileSync(json, `${JSON.stringify({ machine, rounds, signals, results }, null, 2)}\n`);
await Promise.all(contenders.map((each) => each.end()));
