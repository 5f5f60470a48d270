// Cases marked with a Python name follow CPython's test_asyncio (PSF licence) and uvloop's tests (MIT); the text is ours.
import { threadId } from 'node:worker_threads';
import { expect } from 'chai';
import {
  BaseEventLoop,
  CancelledError,
  type ExceptionContext,
  type Executor,
  LoopStateError,
} from '@ringloop/core';
import { PiscinaExecutor } from '@ringloop/executor';
import { CloneError, RemoteFunctionError } from '@ringloop/threadsafe';
import { createGate, entered, type Gate, openGate } from './fixtures/gate.js';
import {
  block,
  blockAndFail,
  echo,
  fib,
  later,
  notRemote,
  runOn,
  spill,
  TeapotError,
} from './fixtures/jobs.js';
import { rejection } from '../rejection.js';

describe('executor/run-in-executor', () => {
  let loop: BaseEventLoop;
  let gate: Gate;
  let made: PiscinaExecutor[];
  let reported: ExceptionContext[];

  beforeEach(() => {
    gate = createGate();
    made = [];
    reported = [];
    loop = new BaseEventLoop({
      createExecutor: () => {
        const executor = new PiscinaExecutor({ maxThreads: 2 });
        made.push(executor);
        return executor;
      },
    });
    loop.setExceptionHandler((_, context) => reported.push(context));
  });

  afterEach(async () => {
    loop.close();
    await Promise.all(made.map((executor) => executor.shutdown({ wait: false })));
    expect(reported).to.deep.equal([]);
  });

  // EventLoopTestsMixin.test_run_in_executor
  it('runInExecutor() runs a function in another thread', async () => {
    const [text, thread] = await loop.runUntilComplete(loop.runInExecutor(null, runOn, 'yo'));
    expect(text).to.equal('yo');
    expect(thread).not.to.equal(threadId);
  });

  it('runInExecutor() makes the default executor once, at its first use', async () => {
    expect(made).to.have.length(0);
    await loop.runUntilComplete(() =>
      Promise.all([loop.runInExecutor(null, fib, 1), loop.runInExecutor(null, fib, 2)]),
    );
    expect(made).to.have.length(1);
    expect(made[0]).to.include({ submitted: 2, completed: 2 });
  });

  // uvloop: TestExecutors.test_executors_process_pool_02
  it('runInExecutor() keeps the order of a gather', async () => {
    const numbers = await loop.runUntilComplete(() =>
      Promise.all(Array.from({ length: 10 }, (_, n) => loop.runInExecutor(null, fib, n))),
    );
    expect(numbers).to.deep.equal([0, 1, 1, 2, 3, 5, 8, 13, 21, 34]);
  });

  // BaseEventLoopTests.test_call_coroutine refuses them; here they may run in another thread, which awaits them
  it('runInExecutor() takes async functions', async () => {
    expect(await loop.runUntilComplete(loop.runInExecutor(null, later, 'done'))).to.equal('done');
  });

  // ZeroDivisionError there
  it('runInExecutor() rejects with what the function throws', async () => {
    const error = await rejection(loop.runUntilComplete(loop.runInExecutor(null, spill)));
    expect(error)
      .to.be.instanceOf(TeapotError)
      .that.includes({ code: 'ERR_TEAPOT', message: 'short and stout' });
  });

  it('runInExecutor() throws at once for what cannot be sent', () => {
    expect(() => loop.runInExecutor(null, notRemote)).to.throw(RemoteFunctionError);
    expect(() => loop.runInExecutor(null, echo, () => 1)).to.throw(CloneError, 'argument 1 of echo()');
  });

  it('runInExecutor() takes back a job whose future is cancelled before it started', async () => {
    const executor = new PiscinaExecutor({ maxThreads: 1 });
    made.push(executor);
    await loop.runUntilComplete(async () => {
      const running = loop.runInExecutor(executor, block, gate);
      const waiting = loop.runInExecutor(executor, fib, 7);
      waiting.cancel();
      expect(await rejection(waiting)).to.be.instanceOf(CancelledError);
      openGate(gate);
      expect(await running).to.equal('went on');
    });
    await executor.shutdown();
    expect(executor).to.include({ submitted: 2, completed: 1 });
  });

  it('runInExecutor() drops the result of a running job whose future is cancelled', async () => {
    const executor = new PiscinaExecutor({ maxThreads: 1 });
    made.push(executor);
    await loop.runUntilComplete(async () => {
      const running = loop.runInExecutor(executor, block, gate);
      await entered(gate);
      running.cancel();
      expect(await rejection(running)).to.be.instanceOf(CancelledError);
      openGate(gate);
      await executor.shutdown();
    });
    expect(executor.completed).to.equal(1);
  });

  for (const job of [block, blockAndFail]) {
    it(`runInExecutor() drops what comes after the loop was closed (${job.name})`, async () => {
      const executor = new PiscinaExecutor({ maxThreads: 1 });
      made.push(executor);
      const future = loop.runInExecutor(executor, job, gate);
      await loop.runUntilComplete(() => entered(gate));
      loop.close();
      openGate(gate);
      await executor.shutdown();
      expect(executor.completed).to.equal(1);
      expect(future.done()).to.equal(false);
    });
  }

  it('close() ends the threads of the default executor without waiting', async () => {
    const future = loop.runInExecutor(null, block, gate);
    await loop.runUntilComplete(() => entered(gate));
    loop.close();
    await made[0]!.shutdown();
    expect(future.done()).to.equal(false);
    expect(() => loop.runInExecutor(null, fib, 1)).to.throw(LoopStateError, 'Event loop is closed');
  });

  // BaseEventLoopTests.test_set_default_executor
  it('setDefaultExecutor() replaces the default executor', async () => {
    const executor = new PiscinaExecutor({ maxThreads: 1 });
    made.push(executor);
    loop.setDefaultExecutor(executor);
    expect(await loop.runUntilComplete(loop.runInExecutor(null, fib, 7))).to.equal(13);
    expect(executor.completed).to.equal(1);
    expect(made).to.have.length(1); // no other was made
  });

  // BaseEventLoopTests.test_set_default_executor_error
  it('setDefaultExecutor() refuses what is no executor', async () => {
    const mock = { run: () => null } as unknown as Executor;
    expect(() => loop.setDefaultExecutor(mock)).to.throw(
      TypeError,
      'executor must have submit() and shutdown()',
    );
    expect(await loop.runUntilComplete(loop.runInExecutor(null, fib, 7))).to.equal(13);
  });

  // BaseEventLoopTests.test_shutdown_default_executor_timeout is left out: there is no timeout here
  it('shutdownDefaultExecutor() waits for the jobs, and takes no more', async () => {
    await loop.runUntilComplete(async () => {
      const running = loop.runInExecutor(null, block, gate);
      await entered(gate);
      const done = loop.shutdownDefaultExecutor();
      expect(() => loop.runInExecutor(null, fib, 1))
        .to.throw(LoopStateError, 'Executor shutdown has been called')
        .with.property('code', 'ERR_EXECUTOR_SHUTDOWN');
      openGate(gate);
      await done;
      expect(await running).to.equal('went on');
    });
  });

  it('shutdownDefaultExecutor() can be followed by close() before it is done', async () => {
    let done: Promise<void> | undefined;
    await loop.runUntilComplete(async () => {
      void loop.runInExecutor(null, block, gate);
      await entered(gate);
      done = loop.shutdownDefaultExecutor();
    });
    loop.close();
    await done; // close() does not wait for the job
  });
});
