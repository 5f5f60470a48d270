import { BaseEventLoop, CancelledError, type Future } from '@ringloop/core';
import { expect } from 'chai';
import { FakeExecutor } from './fake-executor.js';
import { rejection } from '../rejection.js';
import { jumpingLoop, runOnce } from './virtual-loop.js';

describe('core/run-in-executor', () => {
  let loop: BaseEventLoop;
  let executor: FakeExecutor;
  const add = (a: number, b: number): number => a + b;

  beforeEach(() => {
    loop = jumpingLoop();
    executor = new FakeExecutor();
  });

  // CPython EventLoopTests.test_run_in_executor
  it('runInExecutor() submits at once and gives the result', async () => {
    const future: Future<number> = loop.runInExecutor(executor, add, 1, 2);
    expect(executor.jobs).to.have.length(1);
    const [job] = executor.jobs;
    expect([job!.fn, job!.args, future.done()]).to.deep.equal([add, [1, 2], false]);
    job!.finish(3);
    expect(await loop.runUntilComplete(future)).to.equal(3);
  });

  it('runInExecutor() gives the error of the function', async () => {
    const future = loop.runInExecutor(executor, add, 1, 2);
    const error = new RangeError('division by zero');
    executor.jobs[0]!.fail(error);
    expect(await rejection(loop.runUntilComplete(future))).to.equal(error);
  });

  it('runInExecutor() is cancelled when the job was', async () => {
    const future = loop.runInExecutor(executor, add, 1, 2);
    executor.jobs[0]!.fail(new CancelledError());
    expect(await rejection(loop.runUntilComplete(future))).to.be.instanceOf(CancelledError);
    expect(future.cancelled()).to.equal(true);
  });

  it('runInExecutor() calls may finish in any order', async () => {
    const order: string[] = [];
    for (const name of ['a', 'b']) {
      loop.runInExecutor(executor, add, 1, 2).addDoneCallback(() => order.push(name));
    }
    await loop.runUntilComplete(async () => {
      executor.jobs[1]!.finish(0);
      await Promise.resolve();
      executor.jobs[0]!.finish(0);
      await Promise.resolve();
    });
    expect(order).to.deep.equal(['b', 'a']);
  });

  // CPython EventLoopTests.test_run_in_executor_cancel
  it('runInExecutor() takes the job back when the future is cancelled, and drops a late result', async () => {
    const future = loop.runInExecutor(executor, add, 1, 2);
    future.cancel();
    await runOnce(loop);
    expect(executor.jobs[0]!.cancelled).to.equal(true);
    executor.jobs[0]!.finish(3);
    await runOnce(loop);
    expect(future.cancelled()).to.equal(true);
  });

  it('runInExecutor() takes the job back when the task that awaits it is cancelled', async () => {
    const task = loop.createTask(() => loop.runInExecutor(executor, add, 1, 2));
    loop.callSoon(() => task.cancel());
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    await runOnce(loop);
    expect(executor.jobs[0]!.cancelled).to.equal(true);
  });

  // CPython EventLoopTests.test_run_in_executor_cancel
  it('runInExecutor() drops results and errors that come after close()', async () => {
    const futures = [loop.runInExecutor(executor, add, 1, 2), loop.runInExecutor(executor, add, 3, 4)];
    for (const future of futures) future.addDoneCallback(() => expect.fail('the loop is closed'));
    loop.close();
    executor.jobs[0]!.finish(3);
    executor.jobs[1]!.fail(new Error('late'));
    await Promise.resolve();
    await Promise.resolve();
    expect(futures.map((future) => future.done())).to.deep.equal([false, false]);
  });

  it('runInExecutor() refuses what is no function or no executor', () => {
    expect(() => loop.runInExecutor(executor, 5 as never)).to.throw(
      TypeError,
      'a callable object was expected by runInExecutor(), got 5',
    );
    expect(() => loop.runInExecutor({} as never, add, 1, 2)).to.throw(
      TypeError,
      'executor must have submit() and shutdown()',
    );
  });
});
