import { type BaseEventLoop, type ExceptionContext, sleep } from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from '../virtual-loop.js';

describe('core/report-leftovers', () => {
  let loop: BaseEventLoop;
  let reports: ExceptionContext[];

  beforeEach(() => {
    loop = jumpingLoop();
    reports = reportsOf(loop);
  });

  // CPython BaseTaskTests.test_log_destroyed_pending_task
  it('close() tells of tasks that never ended', async () => {
    const waiting = loop.createTask(() => sleep(10));
    await runOnce(loop);
    const early = loop.createTask(function* () {
      yield;
    });
    loop.close();
    expect(reports).to.deep.equal([
      { message: 'Task was destroyed but it is pending!', task: waiting },
      { message: 'Task was destroyed but it is pending!', task: early },
    ]);
    expect(waiting.done()).to.equal(false);
  });

  it('close() tells in debug mode where they were created', async () => {
    loop.setDebug(true);
    loop.slowCallbackDuration = Infinity;
    const task = loop.createTask(() => sleep(10));
    loop.close();
    expect(reports).to.deep.equal([
      { message: 'Task was destroyed but it is pending!', task, sourceTraceback: task.sourceTraceback },
    ]);
    expect(task.sourceTraceback).to.match(/report-leftovers\.test/);
  });

  it('close() tells of exceptions that nobody has asked for, and of nothing else', () => {
    const error = new Error('lost');
    const [lost, seen, fine] = [loop.createFuture(), loop.createFuture(), loop.createFuture()];
    lost.setException(error);
    seen.setException(error);
    seen.exception();
    fine.setResult(1);
    loop.createFuture(); // pending: nobody need be told
    loop.close();
    expect(reports).to.deep.equal([
      { message: 'Future exception was never retrieved', exception: error, future: lost },
    ]);
    loop.close();
    expect(reports.length).to.equal(1);
  });

  // CPython: Task._log_destroy_pending = False
  it('close() does not report the task of a runUntilComplete() that has rejected already', async () => {
    loop.callSoon(() => loop.stop());
    const stopped = await rejection(loop.runUntilComplete(() => sleep(10)));
    expect(stopped.code).to.equal('ERR_LOOP_STOPPED');
    loop.close();
    expect(reports).to.deep.equal([]);
  });

  it('close() tells of a task that runUntilComplete() was given', async () => {
    const task = loop.createTask(() => sleep(10));
    loop.callSoon(() => loop.stop());
    await rejection(loop.runUntilComplete(task));
    loop.close();
    expect(reports.map((report) => report.task)).to.deep.equal([task]);
  });
});
