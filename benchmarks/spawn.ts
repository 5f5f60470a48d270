/**
 * What does it cost to start a process and to wait for its end? `createSubprocessExec()` beside `node:child_process`, in a process of
 * this size and in a large one: processor time of the process that starts them, without the time of the children.
 *
 *     npm run bench:spawn [-- --count N] [--megabytes N]
 *
 * Each contender runs in a process of its own, one child after the other, `/bin/true` without pipes; then with three pipes. Rounds
 * alternate between the contenders, and the median round counts.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createSubprocessExec, DEVNULL, PIPE, run } from 'ringloop';

const CONTENDERS = ['ringloop', 'child_process'] as const;
type Contender = (typeof CONTENDERS)[number];
const ROUNDS = 5;
const PROGRAM = '/bin/true';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '150' },
    megabytes: { type: 'string', default: '700' },
    contender: { type: 'string' },
    pipes: { type: 'boolean', default: false },
  },
});
const count = Number(values.count);

/** One child after the other, with ringloop. */
async function withRingloop(pipes: boolean): Promise<void> {
  const stream = pipes ? PIPE : DEVNULL;
  for (let left = count; left > 0; left--) {
    const made = await createSubprocessExec(PROGRAM, [], { stdin: stream, stdout: stream, stderr: stream });
    if (pipes) await made.communicate();
    else await made.wait();
  }
}

/** The same with node:child_process: 'close' comes when the pipes are closed as well. */
async function withChildProcess(pipes: boolean): Promise<void> {
  for (let left = count; left > 0; left--) {
    const child: ChildProcess = spawn(PROGRAM, { stdio: pipes ? 'pipe' : 'ignore' });
    child.stdout?.resume();
    child.stderr?.resume();
    await once(child, pipes ? 'close' : 'exit');
  }
}

/** Microseconds of processor time for each child. */
async function measure(contender: Contender, pipes: boolean): Promise<number> {
  const body = contender === 'ringloop' ? withRingloop : withChildProcess;
  const go = (): Promise<void> => (contender === 'ringloop' ? run(() => body(pipes)) : body(pipes));
  await go(); // warm
  const before = process.cpuUsage();
  await go();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

/** In a process of its own, which has so many megabytes in use. */
function inProcess(contender: Contender, megabytes: number, pipes: boolean): number {
  const args = ['--contender', contender, '--count', String(count), '--megabytes', String(megabytes)];
  const out = execFileSync(process.execPath, [
    fileURLToPath(import.meta.url),
    ...args,
    ...(pipes ? ['--pipes'] : []),
  ]);
  return Number(out.toString());
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? NaN;
}

function compare(megabytes: number, pipes: boolean): void {
  const found: Record<Contender, number[]> = { ringloop: [], child_process: [] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const contender of CONTENDERS) found[contender].push(inProcess(contender, megabytes, pipes));
  }
  const [ours, theirs] = [median(found.ringloop), median(found.child_process)];
  const what = `${megabytes === 0 ? 'small process' : `${megabytes} MB more`}, ${pipes ? 'three pipes' : 'no pipes'}`;
  const ratio = (ours / theirs).toFixed(3);
  console.log(
    `${what}: ringloop ${ours.toFixed(0)} µs, child_process ${theirs.toFixed(0)} µs, ratio ${ratio}`,
  );
}

if (values.contender === undefined) {
  console.log(`CPU of the parent for each child, N = ${count}, ${ROUNDS} rounds, Node ${process.version}`);
  compare(0, false);
  compare(0, true);
  compare(Number(values.megabytes), false);
} else {
  const used = Buffer.alloc(values.megabytes === '0' ? 1 : Number(values.megabytes) * 1_048_576, 1);
  const result = await measure(values.contender as Contender, values.pipes); // we have written it
  if (used[0] === 1) console.log(result.toFixed(3)); // so it is in use until here
}
