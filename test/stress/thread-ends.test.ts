import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

/**
 * How many threads are ended in each way, and the seed of when, and the node that does it:
 * `RINGLOOP_ENDS=200 RINGLOOP_SEED=7 RINGLOOP_NODE=/opt/node26/bin/node npx mocha build/test/stress/thread-ends.test.js`.
 */
const ENDS = Number(process.env.RINGLOOP_ENDS ?? 2);
const SEED = Number(process.env.RINGLOOP_SEED ?? 1);
const NODE = process.env.RINGLOOP_NODE ?? process.execPath;

const execute = promisify(execFile);
const fixture = new URL('./fixtures/end-threads.js', import.meta.url).pathname;
const ticketFixture = new URL('./fixtures/end-ticket-threads.js', import.meta.url).pathname;
const sendfileFixture = new URL('./fixtures/end-sendfile-threads.js', import.meta.url).pathname;
const executorFixture = new URL('./fixtures/end-executor-threads.js', import.meta.url).pathname;

const WAYS = [
  'terminate',
  'exit',
  'throw',
  'unhandled rejection',
  'out of memory',
  'endless loop',
  'deep recursion',
];

/** Output and exit code of a process that ends `ENDS` threads. */
async function endThreads(...command: string[]): Promise<string> {
  const [ended] = await Promise.allSettled([execute(NODE, command, { timeout: 20_000 + ENDS * 2000 })]);
  if (ended.status === 'fulfilled') return ended.value.stdout.trim();
  const { code, signal, stdout, stderr } = ended.reason as Record<string, string | null>; // what execFile() rejects with
  return `${code ?? signal ?? ''}: ${stdout ?? ''} ${stderr ?? ''}`;
}

// Each in a process of its own: what goes wrong here takes the process with it. A thread's descriptors are closed, and others
// are not disturbed.
describe('Threads with busy sockets', () => {
  for (const kind of ['worker', 'group']) {
    for (const main of ['koffi', 'bare']) {
      // Who terminates a thread that is just loading koffi must know of it: see net/src/libc/koffi-loading.ts.
      for (const way of kind === 'worker' && main === 'koffi' ? [...WAYS, 'while it starts'] : WAYS) {
        it(`${kind}, ${main === 'koffi' ? 'with' : 'without'} koffi in the main thread, ends by: ${way}`, async () => {
          expect(await endThreads(fixture, kind, way, main, String(ENDS), String(SEED))).to.equal('done');
        })
          .timeout(30_000 + ENDS * 2000)
          .slow(20_000);
      }
    }
  }
});

// Wherever a socket is on its way when the thread ends: peers see the end, nothing stays open, and no file of others is closed.
describe('Threads that take and give sockets by their tickets', () => {
  for (const role of ['taker', 'giver']) {
    for (const way of ['terminate', 'exit', 'throw', 'out of memory', 'endless loop']) {
      it(`${role} ends by: ${way}`, async () => {
        expect(await endThreads(ticketFixture, role, way, String(ENDS), String(SEED))).to.equal('done');
      })
        .timeout(30_000 + ENDS * 2000)
        .slow(20_000);
    }
  }
});

// The socket, and the descriptor of its own that each file has while it is sent, are closed; peers see the end.
describe('Threads that send files', () => {
  for (const how of ['natively', 'by reading']) {
    for (const way of ['terminate', 'exit', 'throw', 'out of memory', 'endless loop']) {
      it(`${how} end by: ${way}`, async () => {
        expect(await endThreads(sendfileFixture, how, way, String(ENDS), String(SEED))).to.equal('done');
      })
        .timeout(30_000 + ENDS * 2000)
        .slow(20_000);
    }
  }
});

// Terminated they are by shutdown() without waiting, which is also how threads end that never come to rest.
describe('Threads of an executor', () => {
  for (const way of WAYS) {
    it(`end by: ${way}, the job is told, and others are not disturbed`, async () => {
      expect(await endThreads(executorFixture, way, String(ENDS))).to.equal('done');
    })
      .timeout(30_000 + ENDS * 2000)
      .slow(20_000);
  }
});
