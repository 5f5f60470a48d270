import {
  type BaseEventLoop,
  CancelledError,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type Future,
  LoopStateError,
  VirtualHost,
  wait,
} from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { CountingHost } from '../counting-host.js';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

describe('core/wait', () => {
  let loop: BaseEventLoop;
  let future: Future<string>;

  beforeEach(() => {
    loop = jumpingLoop();
    future = loop.createFuture();
  });

  const main = <T>(coroutine: () => PromiseLike<T>): Promise<T> => loop.runUntilComplete(coroutine);

  it('wait() refuses coroutines, promises and all else that is no future', () =>
    main(async () => {
      function* steps(): Generator<undefined> {
        yield;
      }
      for (const coroutine of [async () => 1, steps, steps()]) {
        expect(() => wait([coroutine as never])).to.throw(
          TypeError,
          'Passing coroutines is forbidden, use tasks explicitly.',
        );
      }
      for (const wrong of [Promise.resolve(), 5, null, {}]) {
        expect(() => wait([wrong as never])).to.throw(TypeError, 'wait() expects futures, not ');
      }
    }));

  it('wait() refuses a timeout that is no number, and null is none', () =>
    main(async () => {
      expect(() => wait([future], { timeout: NaN })).to.throw(
        TypeError,
        'timeout must be a number of seconds',
      );
      expect(() => wait([future], { timeout: '1' as never })).to.throw(TypeError);
      future.setResult('done');
      const [done] = await wait([future], { timeout: null });
      expect(done.size).to.equal(1);
    }));

  it('wait() refuses a future of another loop, for which it would wait for ever', () =>
    main(async () => {
      expect(() => wait([jumpingLoop().createFuture()]))
        .to.throw(LoopStateError)
        .with.property('code', 'ERR_OTHER_LOOP');
    }));

  it('wait() needs a loop that runs', () => {
    expect(() => wait([future]))
      .to.throw(LoopStateError)
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
  });

  it('wait() with FIRST_EXCEPTION does not end with a cancellation, nor with a result', async () => {
    const futures = [loop.createFuture(), loop.createFuture(), loop.createFuture(), loop.createFuture()];
    loop.callLater(1, () => futures[0]?.cancel());
    loop.callLater(2, () => futures[1]?.setResult(null));
    loop.callLater(3, () => futures[2]?.setException(new RangeError('third')));
    const [done] = await main(() => wait(futures, { returnWhen: FIRST_EXCEPTION }));
    expect([done.size, loop.time()]).to.deep.equal([3, 3]);
    futures[2]?.exception();
  });

  it('wait() leaves no timer behind, whether it ends or is cancelled', async () => {
    const host = new CountingHost(new VirtualHost());
    loop = jumpingLoop({ host });
    for (const end of ['done', 'cancelled']) {
      future = loop.createFuture();
      const task = loop.createTask(() => wait([future], { timeout: 10 }));
      await runOnce(loop);
      if (end === 'done') future.setResult(end);
      else task.cancel();
      await loop.runUntilComplete(task).catch(() => null);
      host.sleeps.length = 0;
      const running = loop.runForever();
      await new Promise(setImmediate);
      expect([end, host.sleeps]).to.deep.equal([end, [Infinity]]);
      loop.stop();
      await running;
    }
  });

  it('wait() that is cancelled in the iteration of its wake-up throws CancelledError, and cancels nothing', async () => {
    const other = loop.createFuture();
    const task = loop.createTask(() => wait([future, other], { returnWhen: FIRST_COMPLETED }));
    await runOnce(loop);
    future.setResult('result');
    loop.callSoon(() => task.cancel());
    await runOnce(loop);
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    expect(other.done()).to.equal(false);
  });

  it('wait() that is cancelled twice', async () => {
    const task = loop.createTask(() => wait([future]));
    await runOnce(loop);
    expect([task.cancel(), task.cancel()]).to.deep.equal([true, true]);
    await rejection(loop.runUntilComplete(task));
    expect([task.cancelled(), future.done()]).to.deep.equal([true, false]);
  });

  it('wait() with a timeout of 0 or less gives what is done', async () => {
    const done = loop.createFuture<string>();
    done.setResult('done');
    for (const timeout of [0, -1]) {
      const sets = await main(() => wait([future, done], { timeout }));
      expect(sets.map((each) => [...each])).to.deep.equal([[done], [future]]);
    }
  });

  it('wait() gives each future in one of the sets, in the order given', async () => {
    const delays = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(delays, fc.integer({ min: 0, max: 9 }), async (all, limit) => {
        const own = jumpingLoop();
        const futures = all.map((delay) => {
          const each = own.createFuture<number>();
          own.callLater(delay, () => each.setResult(delay));
          return each;
        });
        const [done, pending] = await own.runUntilComplete(() => wait(futures, { timeout: limit + 0.5 }));
        expect([...done]).to.deep.equal(futures.filter((_, index) => (all[index] ?? 0) <= limit));
        expect([...pending]).to.deep.equal(futures.filter((_, index) => (all[index] ?? 0) > limit));
      }),
    );
  });

  it('wait() for 10,000 futures', async () => {
    const futures = Array.from({ length: 10_000 }, () => loop.createFuture<null>());
    loop.callLater(1, () => futures.forEach((each) => each.setResult(null)));
    const [done, pending] = await main(() => wait(futures));
    expect([done.size, pending.size]).to.deep.equal([10_000, 0]);
  });
});
