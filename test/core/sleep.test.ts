import { type BaseEventLoop, CancelledError, LoopStateError, sleep, VirtualHost } from '@ringloop/core';
import { expect } from 'chai';
import { CountingHost } from './counting-host.js';
import { rejectionOf } from './rejection.js';
import { jumpingLoop, runOnce } from './virtual-loop.js';

describe('core/sleep', () => {
  let loop: BaseEventLoop;
  let log: string[];

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  // CPython BaseTaskTests.test_sleep
  it('sleep() gives its result after the delay', async () => {
    const result = await loop.runUntilComplete(() => sleep(10, 'yeah'));
    expect([result, loop.time()]).to.deep.equal(['yeah', 10]);
  });

  it('sleep(0) goes on in the next iteration, and gives its result', async () => {
    const host = new CountingHost(new VirtualHost({ autojump: true }));
    loop = jumpingLoop({ host });
    await loop.runUntilComplete(async () => {
      const turns = [host.turns];
      for (const delay of [0, -1, -Infinity]) {
        log.push(await sleep(delay, `slept ${delay}`));
        turns.push(host.turns);
      }
      log.push(turns.join());
    });
    expect(log).to.deep.equal(['slept 0', 'slept -1', 'slept -Infinity', '1,2,3,4']);
  });

  it('sleep(0) lets what is ready run first', async () => {
    await loop.runUntilComplete(async () => {
      loop.callSoon(() => log.push('ready'));
      await sleep(0);
      log.push('slept');
    });
    expect(log).to.deep.equal(['ready', 'slept']);
  });

  // CPython BaseTaskTests.test_sleep_cancel
  it('sleep() that is cancelled leaves no timer behind', async () => {
    const host = new CountingHost(new VirtualHost());
    loop = jumpingLoop({ host });
    const task = loop.createTask(() => sleep(10, 'yeah'));
    await runOnce(loop);
    task.cancel();
    expect(await rejectionOf(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    host.sleeps.length = 0;
    const running = loop.runForever();
    await new Promise(setImmediate);
    expect(host.sleeps).to.deep.equal([Infinity]);
    loop.stop();
    await running;
  });

  it('sleep(0) is where a cancelled task is told', async () => {
    const task = loop.createTask(async () => {
      for (;;) await sleep(0);
    });
    await runOnce(loop);
    task.cancel('enough');
    expect((await rejectionOf(loop.runUntilComplete(task))).message).to.equal('enough');
    expect(task.cancelled()).to.equal(true);
  });

  it('sleep(Infinity) sleeps until it is cancelled', async () => {
    const task = loop.createTask(() => sleep(Infinity));
    loop.callLater(1e9, () => task.cancel());
    await rejectionOf(loop.runUntilComplete(task));
    expect([task.cancelled(), loop.time()]).to.deep.equal([true, 1e9]);
  });

  it('sleep() refuses what is no time, and to sleep outside of a running loop', () => {
    expect(() => sleep(NaN)).to.throw(TypeError, 'delay must be a number of seconds, got NaN');
    expect(() => sleep(1))
      .to.throw(LoopStateError, 'no running event loop')
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
  });
});
