import {
  type BaseEventLoop,
  CancelledError,
  type Future,
  shield,
  sleep,
  TimeoutError,
  waitFor,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from '../virtual-loop.js';

describe('core/shield', () => {
  let loop: BaseEventLoop;
  let inner: Future<string>;

  beforeEach(() => {
    loop = jumpingLoop();
    inner = loop.createFuture();
  });

  it('shield() protects coroutines and promises, too', async () => {
    const results = await loop.runUntilComplete(async () => [
      await shield(async () => 'function'),
      await shield(function* () {
        return yield* sleep(1, 'generator');
      }),
      await shield(Promise.resolve('promise')),
    ]);
    expect(results).to.deep.equal(['function', 'generator', 'promise']);
  });

  it('shield() lets a timeout give up without an end for what it waited for', async () => {
    await loop.runUntilComplete(async () => {
      const task = loop.createTask(async () => sleep(10, 'done'));
      expect(await rejection(waitFor(shield(task), 1))).to.be.instanceOf(TimeoutError);
      expect(await task).to.equal('done');
    });
  });

  it('shield() of a done future is that future', () => {
    inner.setResult('done');
    expect(shield(inner)).to.equal(inner);
  });

  it('shield() that is cancelled in the iteration in which the inner one fails reports nothing by itself', async () => {
    const reports = reportsOf(loop);
    const outer = shield(inner);
    outer.cancel();
    inner.setException(new RangeError('at the same time'));
    await runOnce(loop);
    expect([outer.cancelled(), reports]).to.deep.equal([true, []]);
    loop.close();
    expect(reports.map(({ message }) => message)).to.deep.equal(['Future exception was never retrieved']);
  });

  it('shield() reports where the inner future was created, in debug mode', async () => {
    const reports = reportsOf(loop);
    loop.setDebug(true);
    inner = loop.createFuture();
    shield(inner).cancel();
    await runOnce(loop);
    inner.setException(new RangeError('late'));
    await runOnce(loop);
    expect(reports[0]?.sourceTraceback).to.contain('shield.test');
  });

  it('shield() that was cancelled says nothing when the inner future is cancelled, or succeeds', async () => {
    const reports = reportsOf(loop);
    for (const settle of [() => inner.cancel(), () => inner.setResult('fine')]) {
      inner = loop.createFuture();
      shield(inner).cancel();
      await runOnce(loop);
      settle();
      await runOnce(loop);
    }
    expect(reports).to.deep.equal([]);
  });

  it('shield() in a cancelled task: the task is cancelled, the inner one runs', async () => {
    const task = loop.createTask(async () => shield(inner));
    await runOnce(loop);
    task.cancel();
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    expect(inner.done()).to.equal(false);
  });
});
