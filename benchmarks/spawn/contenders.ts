import { spawn } from 'node:child_process';
import { DEVNULL, PIPE, SelectorEventLoop, type SubprocessProtocol } from '@ringloop/net';

/** What all contenders start: the smallest program there is. */
export const PROGRAM = '/bin/true';

/** Starts a child, and resolves when it has ended and its pipes are closed. */
export type SpawnOne = (pipes: boolean) => Promise<void>;

/** By name; each runs `work` with its way of starting a child. */
export const CONTENDERS: Readonly<
  Record<string, (work: (spawnOne: SpawnOne) => Promise<void>) => Promise<void>>
> = {
  async ringloop(work) {
    const loop = new SelectorEventLoop();
    await loop.runUntilComplete(() => work((pipes) => oneOfOurs(loop, pipes)));
    loop.close();
  },

  async child_process(work) {
    await work(oneOfNode);
  },
};

async function oneOfOurs(loop: SelectorEventLoop, pipes: boolean): Promise<void> {
  const stream = pipes ? PIPE : DEVNULL;
  const ended = loop.createFuture<undefined>();
  const protocol: SubprocessProtocol = { connectionLost: () => ended.setResult(undefined) };
  await loop.subprocessExec(() => protocol, PROGRAM, [], { stdin: stream, stdout: stream, stderr: stream });
  await ended;
}

function oneOfNode(pipes: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, [], { stdio: pipes ? 'pipe' : 'ignore' });
    child.stdout?.resume();
    child.stderr?.resume();
    child.once('error', reject).once('close', () => resolve());
  });
}
