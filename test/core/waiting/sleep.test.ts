import { setImmediate as immediate } from 'node:timers/promises';
import {
  type Awaitable,
  type BaseEventLoop,
  CancelledError,
  currentTask,
  Future,
  LoopStateError,
  sleep,
  timeout,
  VirtualHost,
} from '@ringloop/core';
import { expect } from 'chai';
import { CountingHost } from '../counting-host.js';
import { rejection } from '../../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from '../virtual-loop.js';

/** What sleep() of some time gives is a future. */
function asFuture<T>(awaitable: Awaitable<T>): Future<T> {
  if (awaitable instanceof Future) return awaitable as Future<T>; // of its own result
  throw new TypeError('no future');
}

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
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    host.sleeps.length = 0;
    const running = loop.runForever();
    await new Promise(setImmediate);
    expect(host.sleeps).to.deep.equal([Infinity]);
    loop.stop();
    await running;
  });

  it('sleep(0) throws the cancellation of its task', async () => {
    const task = loop.createTask(async () => {
      for (;;) await sleep(0);
    });
    await runOnce(loop);
    task.cancel('enough');
    expect((await rejection(loop.runUntilComplete(task))).message).to.equal('enough');
    expect(task.cancelled()).to.equal(true);
  });

  it('sleep(Infinity) sleeps until it is cancelled', async () => {
    const task = loop.createTask(() => sleep(Infinity));
    loop.callLater(1e9, () => task.cancel());
    await rejection(loop.runUntilComplete(task));
    expect([task.cancelled(), loop.time()]).to.deep.equal([true, 1e9]);
  });

  it('sleep() in a generator coroutine is what it is in an async function', async () => {
    const turns = new CountingHost(new VirtualHost({ autojump: true }));
    loop = jumpingLoop({ host: turns });
    await loop.runUntilComplete(function* () {
      const counts = [turns.turns];
      for (const delay of [0, -1]) {
        log.push(yield* sleep(delay, `slept ${delay}`));
        counts.push(turns.turns);
      }
      log.push(counts.join());
      log.push(yield* sleep(10, 'slept 10'));
      log.push(String(yield* sleep(0)));
    });
    expect([...log, loop.time()]).to.deep.equal([
      'slept 0',
      'slept -1',
      '1,2,3',
      'slept 10',
      'undefined',
      10,
    ]);
  });

  it('sleep() in a generator coroutine throws the cancellation of its task', async () => {
    loop = jumpingLoop({ stopMode: 'batch' }); // runOnce() is one iteration then
    for (const delay of [0, 10]) {
      const task = loop.createTask(function* () {
        yield* sleep(delay);
      });
      await runOnce(loop);
      task.cancel(`enough of ${delay}`);
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal(`enough of ${delay}`);
    }
  });

  it('sleep(0) takes one iteration in a generator block of an async function, too', async () => {
    const turns = new CountingHost(new VirtualHost({ autojump: true }));
    loop = jumpingLoop({ host: turns });
    const taken = await loop.runUntilComplete(async () => {
      const before = turns.turns;
      await timeout(5).run(function* () {
        for (let i = 0; i < 3; i++) yield* sleep(0);
      });
      return turns.turns - before;
    });
    expect(taken).to.equal(3);
  });

  it('sleep(0) outside of tasks is a promise, too, for callbacks', async () => {
    loop.callSoon(() => {
      void sleep(0, 'then').then((value) => log.push(value));
      void sleep(0, 'catch').catch(() => 'not called');
      void sleep(0, 'finally').finally(() => log.push('finally'));
      loop.callSoon(() => log.push('next iteration'));
    });
    loop.callLater(1, () => loop.stop());
    await loop.runForever();
    expect(log).to.deep.equal(['next iteration', 'then', 'finally']);
  });

  it('sleep(0) that nobody awaits is no unhandled rejection when its task is cancelled', async () => {
    const task = loop.createTask(async () => {
      void sleep(0);
      currentTask()?.cancel('by itself');
      await immediate();
    });
    await rejection(loop.runUntilComplete(task)).catch(() => undefined); // whichever way it goes
    await immediate();
  });

  it('sleep() that has begun goes on while nobody waits for it', async () => {
    await loop.runUntilComplete(async () => {
      const alarm = sleep(5, 'alarm');
      await sleep(10);
      log.push(await alarm, String(loop.time()));
    });
    expect(log).to.deep.equal(['alarm', '10']);
  });

  it('sleep() can be cancelled by who holds it, before and after its time', async () => {
    await loop.runUntilComplete(async () => {
      const alarm = asFuture(sleep(5));
      alarm.cancel('by hand');
      log.push(String(await rejection(alarm)));
      const other = asFuture(sleep(5));
      await sleep(6);
      log.push(String(other.cancel()));
    });
    expect(log).to.deep.equal(['CancelledError: by hand', 'false']);
  });

  it('sleep() that was settled by hand is not settled again', async () => {
    const reports = reportsOf(loop);
    await loop.runUntilComplete(async () => {
      const alarm = asFuture(sleep(5, 'late'));
      alarm.setResult('early');
      log.push(await alarm);
      await sleep(10);
    });
    expect([log, reports]).to.deep.equal([['early'], []]);
  });

  it('sleep() refuses what is no time, and to sleep outside of a running loop', () => {
    expect(() => sleep(NaN)).to.throw(TypeError, 'delay must be a number of seconds, got NaN');
    expect(() => sleep(1))
      .to.throw(LoopStateError, 'no running event loop')
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
  });
});
