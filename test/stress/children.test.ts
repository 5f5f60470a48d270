import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { itWithEpoll } from '../net/backend.js';

/** As in thread-ends.test.ts: how many threads are ended in each way, when, and by which node. */
const ENDS = Number(process.env.RINGLOOP_ENDS ?? 2);
const SEED = Number(process.env.RINGLOOP_SEED ?? 1);
const NODE = process.env.RINGLOOP_NODE ?? process.execPath;

/** What child_process has started when its thread is terminated, it tells nobody. */
const UNKNOWN = 'nobody knows of a child that is being started';

const execute = promisify(execFile);

/** What a fixture says, and how it ends. Each runs in a process of its own, whose children can be counted. */
async function run(fixture: string, ...args: string[]): Promise<string> {
  const path = new URL(`./fixtures/${fixture}`, import.meta.url).pathname;
  const [ended] = await Promise.allSettled([
    execute(NODE, [path, ...args], { timeout: 60_000 + ENDS * 20_000 }),
  ]);
  if (ended.status === 'fulfilled') return ended.value.stdout.trim();
  const { code, signal, stdout, stderr } = ended.reason as Record<string, string | null>; // what execFile() rejects with
  return `${code ?? signal ?? ''}: ${stdout ?? ''} ${stderr ?? ''}`;
}

// Their descriptors are closed, so that children that read see the end; the others run on, and somebody takes their codes.
describe('Threads that start children', () => {
  const ways = ['terminate', 'exit', 'throw', 'unhandled rejection', 'out of memory', 'endless loop'];
  for (const kind of ['worker', 'group']) {
    for (const way of ways) {
      const test = async (): Promise<void> => {
        expect(await run('end-bustling-threads.js', kind, way, String(ENDS), String(SEED))).to.equal('done');
      };
      const title = `${kind} ends by: ${way}, and leaves no zombie and no descriptor`;
      // Any other end waits until the thread has started the child that it is starting.
      const defined = way === 'terminate' ? itWithEpoll(UNKNOWN, title, test) : it(title, test);
      defined.timeout(60_000 + ENDS * 20_000).slow(20_000);
    }
  }
});

describe('Many children at once', () => {
  for (const [workers, children] of [
    [4, 50],
    [10, 100], // uvloop issue 508
  ] as const) {
    it(`${children} of each of ${workers} workers end with their own codes and outputs`, async () => {
      expect(await run('spawn-many.js', String(workers), String(children), 'calm')).to.equal('done');
    })
      .timeout(120_000)
      .slow(30_000);
  }

  it('do not care how often the process gets SIGCHLD', async () => {
    expect(await run('spawn-many.js', '4', '25', 'flood')).to.equal('done');
  })
    .timeout(120_000)
    .slow(30_000);
});
