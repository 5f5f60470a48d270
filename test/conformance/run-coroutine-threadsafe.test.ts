import { CancelledError, TimeoutError, waitFor } from '@ringloop/core';
import { LoopGroup, type LoopRef, wrapFuture } from '@ringloop/threadsafe';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop } from '../core/virtual-loop.js';
import {
  add,
  breakTaskFactory,
  countTasks,
  createLoop,
  mendTaskFactory,
  reports,
} from './threadsafe-calls.js';

// Cases of RunCoroutineThreadsafeTests in CPython's test_tasks.py (PSF License Version 2). The facts are theirs, the text is ours.
// There it is a thread that calls the loop of the main thread, here it is the main thread that calls the loop of a worker.

describe('conformance/run-coroutine-threadsafe', function () {
  this.slow(1000); // threads

  let group: LoopGroup;
  let there: LoopRef;

  before(async () => {
    group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
    there = group.next();
  });

  after(() => group.close());

  it('RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe: resolves with the result', async () => {
    expect(await there.runCoroutineThreadsafe(add, 1, 2, 'return')).to.equal(3);
  });

  it('RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_with_exception: rejects with what the coroutine throws', async () => {
    const error = await rejection(there.runCoroutineThreadsafe(add, 1, 2, 'fail'));
    expect(error).to.be.instanceOf(RangeError).with.property('message', 'Fail!');
  });

  it('RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_with_timeout: who waits for it no longer than he may leaves no task behind', async () => {
    const loop = jumpingLoop();
    const error = await rejection(
      loop.runUntilComplete(() =>
        waitFor(wrapFuture(there.runCoroutineThreadsafe(add, 1, 2, 'return'), { loop }), 0),
      ),
    );
    expect(error).to.be.instanceOf(TimeoutError);
    expect(await there.runCoroutineThreadsafe(countTasks)).to.equal(0);
    loop.close();
  });

  it('RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_task_cancelled: is cancelled when the task is', async () => {
    const future = there.runCoroutineThreadsafe(add, 1, 2, 'cancel');
    expect(await rejection(future)).to.be.instanceOf(CancelledError);
    expect(future.cancelled()).to.equal(true);
  });

  it('RunCoroutineThreadsafeTests.test_run_coroutine_threadsafe_task_factory_exception: rejects with what the task factory throws', async () => {
    there.callSoonThreadsafe(breakTaskFactory);
    const error = await rejection(there.runCoroutineThreadsafe(add, 1, 2, 'return'));
    expect(error).to.be.instanceOf(ReferenceError).with.property('message', 'no tasks today');
    there.callSoonThreadsafe(mendTaskFactory);
    expect(await there.runCoroutineThreadsafe(reports)).to.deep.equal(['no tasks today']);
  });
});
