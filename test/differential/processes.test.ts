/**
 * The same commands started by asyncio and by us: what the protocols are told must be equal, in order for each pipe. Between pipes, and
 * between them and the end of the process, the order is the system's. Data that arrives in several pieces counts as one.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { SelectorEventLoop } from '@ringloop/net';
import { onHandles } from '../net/backend.js';
import { ProcessRecorder } from '../net/processes/process-recorder.js';
import { findPython } from './oracle.js';

/** What to run, what to write to its stdin, and how to end it. */
interface Scenario {
  readonly command: string;
  readonly input: string;
  readonly end: 'close stdin' | 'close' | 'terminate' | 'kill';
}

const SCENARIOS: readonly Scenario[] = [
  { command: 'echo out; echo err >&2; cat; exit 3', input: 'in', end: 'close stdin' },
  { command: 'exec cat', input: 'x'.repeat(100_000), end: 'close stdin' },
  { command: 'exec sleep 100', input: '', end: 'close' },
  { command: 'exec sleep 100', input: '', end: 'terminate' },
  { command: 'exec sleep 100', input: '', end: 'kill' },
  { command: 'exec >&-; cat >&2; exit 5', input: 'late', end: 'close stdin' },
  { command: 'exec 0<&- 1>&- 2>&-; sleep 0.05; exit 6', input: '', end: 'close stdin' },
  { command: 'kill -SEGV $$', input: '', end: 'close stdin' },
];

const SCRIPT = `
import asyncio, json, sys
class P(asyncio.SubprocessProtocol):
    def __init__(self, lost): self.log, self.lost = [], lost
    def connection_made(self, t): self.t = t; self.log.append('made')
    def pipe_data_received(self, fd, data):
        if 'data %d' % fd not in self.log: self.log.append('data %d' % fd)
    def pipe_connection_lost(self, fd, exc): self.log.append('lost %d' % fd)
    def process_exited(self): self.log.append('exited %d' % self.t.get_returncode())
    def connection_lost(self, exc): self.log.append('lost'); self.lost.set_result(None)
async def play(s):
    loop = asyncio.get_running_loop()
    t, p = await loop.subprocess_shell(lambda: P(loop.create_future()), s['command'])
    if s['input']: t.get_pipe_transport(0).write(s['input'].encode())
    if s['end'] == 'close stdin': t.get_pipe_transport(0).close()
    else: getattr(t, s['end'])()
    await p.lost
    return p.log
async def main(): return [await play(s) for s in json.loads(sys.argv[1])]
print(json.dumps(asyncio.run(main())))
`;

/** In order for each pipe, and what came first and last. */
function sorted(log: readonly string[]): object {
  const seen = log.filter((each, index) => !each.startsWith('data') || log.indexOf(each) === index);
  return {
    first: seen[0],
    last: seen.at(-1),
    pipes: [0, 1, 2].map((fd) =>
      seen.filter((each) => each.split(' ').includes(String(fd)) && !each.startsWith('exited')),
    ),
    exited: seen.filter((each) => each.startsWith('exited')),
    count: seen.length,
  };
}

async function ours(loop: SelectorEventLoop, { command, input, end }: Scenario): Promise<string[]> {
  const [transport, protocol] = await loop.subprocessShell(() => new ProcessRecorder(loop), command);
  const stdin = transport.getPipeTransport(0);
  if (input !== '') stdin?.write(Buffer.from(input));
  if (end === 'close stdin') stdin?.close();
  else transport[end]();
  await protocol.lost;
  // asyncio's protocol has no flow control here, and does not say with which error a pipe was lost.
  return protocol.log.filter((each) => !FLOW.has(each)).map((each) => each.replace(/ E.*/, ''));
}

const FLOW = new Set(['pause', 'resume']);

const python = findPython();

describe('differential/processes', function () {
  this.timeout(60_000).slow(10_000);

  it('SelectorEventLoop tells protocols of processes what asyncio tells them', async function () {
    if (typeof python === 'string' || onHandles) return this.skip();
    const { stdout } = await promisify(execFile)(python.command, ['-c', SCRIPT, JSON.stringify(SCENARIOS)]);
    const theirs = JSON.parse(stdout) as string[][]; // the script wrote it
    const loop = new SelectorEventLoop();
    try {
      for (const [index, scenario] of SCENARIOS.entries()) {
        const log = await loop.runUntilComplete(() => ours(loop, scenario));
        expect(sorted(log), scenario.command).to.deep.equal(sorted(theirs[index] ?? []));
      }
    } finally {
      loop.close();
    }
  });
});
