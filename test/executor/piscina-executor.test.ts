import { inspect } from 'node:util';
import { threadId } from 'node:worker_threads';
import { expect } from 'chai';
import { CancelledError, LoopStateError } from '@ringloop/core';
import { ExecutorFullError, PiscinaExecutor, type PiscinaExecutorOptions } from '@ringloop/executor';
import { PeerExitedError, RemoteFunctionError, SharedLock } from '@ringloop/threadsafe';
import { createGate, entered, type Gate, openGate } from './fixtures/gate.js';
import { addTo, block, blockAndFail, fib, keepLock, later, notRemote, runOn } from './fixtures/jobs.js';
import { onlyHere } from './fixtures/local-functions.js';
import { rejection } from '../rejection.js';

describe('executor/piscina-executor', () => {
  let executor: PiscinaExecutor;
  let gate: Gate;

  const open = (options: PiscinaExecutorOptions = {}): void => {
    executor = new PiscinaExecutor({ maxThreads: 1, ...options });
  };
  beforeEach(() => (gate = createGate()));
  afterEach(() => executor.shutdown({ wait: false }));

  it('a thread that is terminated leaves no lock behind: all threads are told of its end', async () => {
    open();
    const lock = new SharedLock();
    const words = new Int32Array(new SharedArrayBuffer(8));
    const job = rejection(executor.submit(keepLock, [lock, words]).result);
    while (Atomics.load(words, 0) === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(lock.locked()).to.equal(true);
    await executor.shutdown({ wait: false });
    expect(await job).to.be.instanceOf(PeerExitedError);
    while (lock.locked()) await new Promise((resolve) => setImmediate(resolve)); // until this thread is told
    expect(() => lock.tryAcquire()).to.throw(PeerExitedError); // once
    expect(lock.tryAcquire()).to.equal(true);
  });

  describe('submit()', () => {
    it('submit() runs a function in another thread', async () => {
      open();
      const [text, thread] = await executor.submit(runOn, ['yo']).result;
      expect(text).to.equal('yo');
      expect(thread).not.to.equal(threadId);
    });

    it('submit() awaits an async function in its thread', async () => {
      open();
      expect(await executor.submit(later, ['done']).result).to.equal('done');
    });

    it('submit() runs 1,000 jobs on two threads, each once', async () => {
      open({ maxThreads: 2 });
      const sum = new Int32Array(new SharedArrayBuffer(4));
      const jobs = Array.from({ length: 1000 }, (_, i) => executor.submit(addTo, [sum, i]));
      expect(inspect(executor)).to.equal('<PiscinaExecutor open threads=2 running=2 queued=998>');
      await Promise.all(jobs.map((job) => job.result));
      expect(sum[0]).to.equal(499_500);
      expect([executor.submitted, executor.completed]).to.deep.equal([1000, 1000]);
    }).slow(1000);

    it('submit() starts jobs in the order submitted', async () => {
      open();
      const done: number[] = [];
      const jobs = [5, 1, 3].map((n) => executor.submit(fib, [n]).result.then(() => done.push(n)));
      await Promise.all(jobs);
      expect(done).to.deep.equal([5, 1, 3]);
    });

    it('submit() uses as many threads as there are jobs, up to maxThreads', async () => {
      open({ maxThreads: 2 });
      const gates = [createGate(), createGate()];
      const jobs = gates.map((each) => executor.submit(block, [each]));
      await Promise.all(gates.map(entered)); // both block at the same time
      gates.forEach(openGate);
      expect(await Promise.all(jobs.map((job) => job.result))).to.deep.equal(['went on', 'went on']);
    });

    it('submit() refuses a function that other threads do not know', () => {
      open();
      expect(() => executor.submit(notRemote, []))
        .to.throw(RemoteFunctionError, 'Cannot send function notRemote to another thread')
        .with.property('code', 'ERR_REMOTE_FUNCTION');
      expect(executor.submitted).to.equal(0);
    });

    it('submit() fails a job whose function the thread does not find', async () => {
      open();
      const error = await rejection(executor.submit(onlyHere!, []).result); // not null in this thread
      expect(error).to.be.instanceOf(RemoteFunctionError);
      expect(error.message).to.match(/^Cannot find onlyHere: .* makes no remote function of that name/);
    });

    it('submit() refuses more than maxQueue waiting jobs', async () => {
      open({ maxQueue: 1 });
      const running = executor.submit(block, [gate]);
      const waiting = executor.submit(fib, [2]);
      expect(() => executor.submit(fib, [3]))
        .to.throw(ExecutorFullError, 'Cannot submit fib(): 1 jobs wait already')
        .with.property('code', 'ERR_EXECUTOR_FULL');
      waiting.cancel();
      const instead = executor.submit(fib, [4]);
      openGate(gate);
      expect(await Promise.all([running.result, instead.result])).to.deep.equal(['went on', 3]);
    });
  });

  describe('cancel()', () => {
    it('cancel() takes back a job that waits, and the others run', async () => {
      open();
      const sum = new Int32Array(new SharedArrayBuffer(4));
      const running = executor.submit(block, [gate]);
      const jobs = [1, 10, 100].map((n) => executor.submit(addTo, [sum, n]));
      expect(jobs[1]!.cancel()).to.equal(true);
      expect(jobs[1]!.cancel()).to.equal(false);
      openGate(gate);
      await Promise.all([running.result, jobs[0]!.result, jobs[2]!.result]);
      expect(sum[0]).to.equal(101);
      const error = await rejection(jobs[1]!.result);
      expect(error)
        .to.be.instanceOf(CancelledError)
        .with.property('message', 'addTo() was cancelled before it started');
      expect([executor.submitted, executor.completed]).to.deep.equal([4, 3]);
    });

    it('cancel() leaves a running job and its thread alone', async () => {
      open();
      const running = executor.submit(block, [gate]);
      await entered(gate);
      expect(running.cancel()).to.equal(false);
      openGate(gate);
      expect(await running.result).to.equal('went on');
      expect(inspect(executor)).to.equal('<PiscinaExecutor open threads=1 running=0 queued=0>');
    });

    it('cancel() returns false when the job is done', async () => {
      open();
      const job = executor.submit(fib, [1]);
      await job.result;
      expect(job.cancel()).to.equal(false);
    });

    it('cancel() takes back hundreds of jobs among hundreds', async () => {
      open();
      void executor.submit(block, [gate]);
      const jobs = Array.from({ length: 600 }, (_, i) => executor.submit(fib, [i % 5]));
      const kept = jobs.filter((job, i) => i % 3 === 0 || !job.cancel());
      expect(inspect(executor)).to.include('queued=200');
      openGate(gate);
      await Promise.all(kept.map((job) => job.result));
      expect(executor.completed).to.equal(201);
    });
  });

  describe('shutdown()', () => {
    it('shutdown() of an executor that was never used resolves', async () => {
      open();
      await executor.shutdown();
      expect(inspect(executor)).to.equal('<PiscinaExecutor ended threads=0 running=0 queued=0>');
    });

    it('shutdown() of an idle executor ends its threads', async () => {
      open();
      await executor.submit(fib, [1]).result;
      await executor.shutdown();
      expect(inspect(executor)).to.equal('<PiscinaExecutor ended threads=0 running=0 queued=0>');
    });

    it('shutdown() waits for the jobs that run and those that wait', async () => {
      open();
      const jobs = [executor.submit(block, [gate]), executor.submit(fib, [7])];
      const done = executor.shutdown();
      expect(inspect(executor)).to.equal('<PiscinaExecutor finishing threads=1 running=1 queued=1>');
      openGate(gate);
      await done;
      expect(await Promise.all(jobs.map((job) => job.result))).to.deep.equal(['went on', 13]);
    });

    it('shutdown() takes no more jobs', async () => {
      open();
      const running = executor.submit(block, [gate]);
      const done = executor.shutdown();
      const refused = (): unknown => executor.submit(fib, [1]);
      expect(refused)
        .to.throw(LoopStateError, 'Cannot schedule new futures after shutdown')
        .with.property('code', 'ERR_EXECUTOR_SHUTDOWN');
      openGate(gate);
      await Promise.all([running.result, done]);
      expect(refused).to.throw(LoopStateError);
    });

    it('shutdown() waits although a job fails', async () => {
      open();
      const failing = rejection(executor.submit(blockAndFail, [gate]).result);
      const next = executor.submit(fib, [7]);
      const done = executor.shutdown();
      openGate(gate);
      await done;
      expect(await failing).to.have.property('message', 'too late');
      expect(await next.result).to.equal(13);
    });

    it('shutdown() with cancelFutures takes the queue back and waits for what runs', async () => {
      open();
      const running = executor.submit(block, [gate]);
      const waiting = executor.submit(fib, [7]);
      const done = executor.shutdown({ cancelFutures: true });
      expect(await rejection(waiting.result)).to.be.instanceOf(CancelledError);
      openGate(gate);
      await done;
      expect(await running.result).to.equal('went on');
    });

    it('shutdown() without wait takes the queue back and ends the threads, whatever they do', async () => {
      open();
      const running = executor.submit(block, [gate]);
      const waiting = executor.submit(fib, [7]);
      await entered(gate);
      await executor.shutdown({ wait: false });
      const error = await rejection(running.result);
      expect(error).to.be.instanceOf(PeerExitedError);
      expect(error.message).to.match(/^Cannot finish block\(\): the executor was shut down/);
      expect(await rejection(waiting.result)).to.be.instanceOf(CancelledError);
      expect(inspect(executor)).to.equal('<PiscinaExecutor ended threads=0 running=0 queued=0>');
    });

    it('shutdown() without wait ends threads that have not started yet', async () => {
      open();
      const starting = executor.submit(fib, [7]);
      await executor.shutdown({ wait: false });
      expect(await rejection(starting.result)).to.be.instanceOf(PeerExitedError);
    });

    it('shutdown() without wait leaves no unhandled rejection', async () => {
      open();
      void executor.submit(block, [gate]);
      void executor.submit(fib, [7]);
      await entered(gate);
      await executor.shutdown({ wait: false });
      await new Promise((resolve) => setImmediate(resolve)); // mocha fails the test on one
    });

    it('shutdown() can be repeated; the calls share the end', async () => {
      open();
      const running = executor.submit(block, [gate]);
      const calls = [executor.shutdown(), executor.shutdown()];
      openGate(gate);
      await Promise.all([...calls, running.result]);
      await executor.shutdown();
      await executor.shutdown({ wait: false });
    });

    it('shutdown() is what await using ends with', async () => {
      open();
      const jobs = [];
      {
        await using disposable = executor;
        jobs.push(disposable.submit(fib, [6]), disposable.submit(fib, [7]));
      }
      expect(executor.completed).to.equal(2);
      expect(await Promise.all(jobs.map((job) => job.result))).to.deep.equal([8, 13]);
    });

    it('shutdown() without wait overrules one that waits', async () => {
      open();
      const running = executor.submit(block, [gate]);
      await entered(gate);
      const waits = executor.shutdown();
      await executor.shutdown({ wait: false });
      await waits;
      expect(await rejection(running.result)).to.be.instanceOf(PeerExitedError);
    });
  });
});
