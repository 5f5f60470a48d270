import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { inspect, promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { restore, stub } from 'sinon';
import { PiscinaExecutor, type PiscinaExecutorOptions } from '@ringloop/executor';
import { PeerExitedError } from '@ringloop/threadsafe';
import { createGate, entered } from './fixtures/gate.js';
import {
  exit,
  exitWhenIdle,
  fib,
  fillMemory,
  openGateLater,
  runOn,
  throwOutside,
  throwWhenIdle,
} from './fixtures/jobs.js';
import { rejection } from '../rejection.js';

// Later V8s end the whole process when a thread fills its heap in one go, or cannot even start in it.
const on20 = process.versions.node.startsWith('20.') ? it : it.skip;

describe('executor/thread-pool', () => {
  let executor: PiscinaExecutor;

  const open = (options: PiscinaExecutorOptions = {}): PiscinaExecutor =>
    (executor = new PiscinaExecutor({ maxThreads: 1, ...options }));
  afterEach(async () => {
    restore();
    await executor.shutdown();
  });

  it('ThreadPool has no thread before the first job', async () => {
    open({ maxThreads: 2, minThreads: 2 });
    expect(inspect(executor)).to.equal('<PiscinaExecutor open threads=0 running=0 queued=0>');
    await executor.submit(fib, [1]).result;
    expect(inspect(executor)).to.equal('<PiscinaExecutor open threads=2 running=0 queued=0>');
  });

  it('ThreadPool fails the job whose thread exits, and the next one gets a new thread', async () => {
    open();
    const jobs = [
      executor.submit(runOn, ['a']),
      executor.submit(exit, [3]),
      executor.submit(runOn, ['b']),
    ] as const;
    const [, first] = await jobs[0].result;
    const error = await rejection(jobs[1].result);
    expect(error).to.be.instanceOf(PeerExitedError).with.property('code', 'ERR_PEER_EXITED');
    expect(error.message).to.equal('Cannot finish exit(): its thread ended (worker exited with code: 3)');
    const [text, second] = await jobs[2].result;
    expect(text).to.equal('b');
    expect(second).not.to.equal(first);
    expect(executor.completed).to.equal(3);
  });

  it('ThreadPool fails the job whose thread has an uncaught error, with that error as the cause', async () => {
    open();
    const error = await rejection(executor.submit(throwOutside, []).result);
    expect(error).to.be.instanceOf(PeerExitedError);
    expect(error.cause).to.be.instanceOf(TypeError).with.property('message', 'nobody catches this');
    expect(await executor.submit(fib, [7]).result).to.equal(13);
  });

  on20('ThreadPool fails the job whose thread is out of memory', async () => {
    open({ resourceLimits: { maxOldGenerationSizeMb: 32 } });
    const error = await rejection(executor.submit(fillMemory, []).result);
    expect(error).to.be.instanceOf(PeerExitedError);
    expect(error.cause).to.have.property('code', 'ERR_WORKER_OUT_OF_MEMORY');
    expect(await executor.submit(fib, [7]).result).to.equal(13);
  }).slow(3000);

  on20('ThreadPool fails the jobs whose thread cannot even start', async () => {
    open({ resourceLimits: { maxOldGenerationSizeMb: 1, maxYoungGenerationSizeMb: 1 } });
    const jobs = [executor.submit(fib, [1]), executor.submit(fib, [2])];
    const errors = await Promise.all(jobs.map((job) => rejection(job.result)));
    for (const error of errors) {
      expect(error).to.be.instanceOf(PeerExitedError);
      expect(error.cause).to.have.property('code', 'ERR_WORKER_OUT_OF_MEMORY');
    }
  }).slow(1000);

  it('ThreadPool warns of what an idle thread does not catch, and goes on', async () => {
    open();
    const warned = new Promise<unknown>((resolve) => stub(process, 'emitWarning').callsFake(resolve));
    await executor.submit(throwWhenIdle, []).result;
    const warning = await warned;
    expect(warning).to.be.instanceOf(TypeError).with.property('message', 'left behind');
    expect(await executor.submit(fib, [7]).result).to.equal(13);
  });

  it('ThreadPool replaces an idle thread that exits', async () => {
    open();
    const gate = createGate();
    const last = executor.submit(exitWhenIdle, [gate]).result;
    await entered(gate);
    await Promise.allSettled([last]); // on a busy machine its answer may come too late
    // The exit may be noticed only now: then the job that was on its way fails like any other.
    await Promise.allSettled([executor.submit(fib, [7]).result]);
    expect(await executor.submit(fib, [7]).result).to.equal(13);
  });

  it('ThreadPool does not stop the timers of idle threads', async () => {
    open();
    const gate = createGate();
    await executor.submit(openGateLater, [gate]).result;
    await entered(gate);
  });

  it('ThreadPool ends idle threads after idleTimeout seconds', async () => {
    open({ maxThreads: 1, idleTimeout: 0.02 });
    const [, first] = await executor.submit(runOn, ['a']).result;
    // The end of a thread shows nowhere else.
    while (!inspect(executor).includes('threads=0')) await new Promise((resolve) => setTimeout(resolve, 5));
    const [, second] = await executor.submit(runOn, ['b']).result;
    expect(second).not.to.equal(first);
  });

  for (const ending of ['no shutdown', 'shutdown', 'abandon']) {
    it(`ThreadPool lets the process end, and prints nothing (${ending})`, async () => {
      const program = fileURLToPath(new URL('./fixtures/program.js', import.meta.url));
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ending]);
      expect([stdout, stderr]).to.deep.equal(['', '']);
    }).slow(1000);
  }

  it('ThreadPool works in a worker thread, which ends when it is done', async () => {
    open();
    const worker = new Worker(new URL('./fixtures/loop-with-executor.js', import.meta.url));
    const [message, ended] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    expect(message).to.deep.equal([{ numbers: [5, 8, 13], elsewhere: true }]);
    expect(ended).to.deep.equal([0]);
  }).slow(1000);
});
