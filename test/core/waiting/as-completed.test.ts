import {
  asCompleted,
  type BaseEventLoop,
  CancelledError,
  type DoneFuture,
  type Future,
  LoopStateError,
  sleep,
  TimeoutError,
  VirtualHost,
} from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { CountingHost } from '../counting-host.js';
import { rejection } from '../../rejection.js';
import { jumpingLoop, runOnce } from '../virtual-loop.js';

describe('core/as-completed', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
  });

  const main = <T>(coroutine: () => PromiseLike<T>): Promise<T> => loop.runUntilComplete(coroutine);

  it('asCompleted() of nothing ends at once, in both ways', () =>
    main(async () => {
      expect([...asCompleted([], { timeout: 1 })]).to.deep.equal([]);
      for await (const future of asCompleted([])) expect(future).to.equal('never');
    }));

  it('asCompleted() refuses what is no awaitable, and a timeout that is no number', () =>
    main(async () => {
      expect(() => asCompleted([5 as never])).to.throw(
        TypeError,
        'A Future, a coroutine or a promise is required',
      );
      expect(() => asCompleted([], { timeout: NaN })).to.throw(
        TypeError,
        'timeout must be a number of seconds',
      );
      expect(() => asCompleted([jumpingLoop().createFuture()]))
        .to.throw(LoopStateError)
        .with.property('code', 'ERR_OTHER_LOOP');
    }));

  it('asCompleted() can be iterated asynchronously by a generator coroutine', async () => {
    const log = await loop.runUntilComplete(function* () {
      const values: string[] = [];
      const iterator = asCompleted([() => sleep(2, 'two'), () => sleep(1, 'one')])[Symbol.asyncIterator]();
      for (;;) {
        const { done, value } = yield* iterator.next();
        if (done === true) return values;
        values.push(value.result());
      }
    });
    expect(log).to.deep.equal(['one', 'two']);
  });

  it('asCompleted() gives in async iteration the futures themselves, which are done', () =>
    main(async () => {
      const [a, b] = [loop.createFuture<string>(), loop.createTask(async () => sleep(1, 'b'))];
      loop.callLater(2, () => a.setException(new RangeError('a')));
      const futures: DoneFuture<string>[] = [];
      for await (const future of asCompleted<string>([a, b])) {
        expect(future.done()).to.equal(true);
        futures.push(future);
      }
      expect(futures).to.deep.equal([b, a]);
      expect(futures[1]?.exception()?.message).to.equal('a');
    }));

  it('asCompleted() throws the error of a failed one from what was given for it', () =>
    main(async () => {
      const [next] = [...asCompleted([() => Promise.reject(new RangeError('no'))])];
      const awaitable = next!; // there is one
      expect((await rejection(awaitable)).message).to.equal('no');
      expect(await awaitable.catch((error: unknown) => error)).to.be.instanceOf(RangeError);
      expect(await rejection(awaitable.finally(() => undefined))).to.be.instanceOf(RangeError);
      expect(Object.prototype.toString.call(awaitable)).to.equal('[object NextCompleted]');
    }));

  it('asCompleted() lets a wait that is cancelled go to the next', () =>
    main(async () => {
      const future = loop.createFuture<string>();
      const [first, second] = [...asCompleted([future, () => sleep(5, 'last')])];
      const cancelled = loop.createTask(async () => first);
      const waiting = loop.createTask(async () => second);
      await sleep(1);
      future.setResult('first');
      cancelled.cancel();
      expect(await rejection(cancelled)).to.be.instanceOf(CancelledError);
      expect(await waiting).to.equal('first');
    }));

  it('asCompleted() throws TimeoutError for each that is not done in time, and cancels none', () =>
    main(async () => {
      const futures = [loop.createFuture<string>(), loop.createFuture<string>(), loop.createFuture<string>()];
      loop.callLater(1, () => futures[1]?.setResult('in time'));
      const outcomes: string[] = [];
      for (const next of asCompleted(futures, { timeout: 2 })) {
        outcomes.push(await next.then(String, (error: unknown) => (error as Error).name));
      }
      expect(outcomes).to.deep.equal(['in time', 'TimeoutError', 'TimeoutError']);
      expect(futures.map((each) => each.done())).to.deep.equal([false, true, false]);
    }));

  it('asCompleted() ignores what is done in the very iteration of the timeout, but after it', () =>
    main(async () => {
      const future = loop.createFuture<string>();
      const iterator = asCompleted([future], { timeout: 1 });
      loop.callAt(0.5, () => loop.callAt(1, () => future.setResult('late')));
      for (const next of iterator) expect(await rejection(next)).to.be.instanceOf(TimeoutError);
      const again = asCompleted([future, loop.createFuture<string>()], { timeout: 0 });
      loop.callSoon(() => undefined);
      const names: string[] = [];
      for (const next of again)
        names.push(await next.then(String, (error: unknown) => (error as Error).name));
      expect(names).to.deep.equal(['late', 'TimeoutError']);
    }));

  it('asCompleted() does not hear of what was done in the iteration of the timeout, just before it', () =>
    main(async () => {
      const future = loop.createFuture<string>();
      loop.callAt(1, () => future.setResult('just before'));
      const [next] = [...asCompleted([future], { timeout: 1 })];
      expect(await rejection(next!)).to.be.instanceOf(TimeoutError); // there is one
      await sleep(0);
      expect(future.result()).to.equal('just before');
    }));

  it('asCompleted() leaves no timer behind when all are done', async () => {
    const host = new CountingHost(new VirtualHost());
    loop = jumpingLoop({ host });
    const future = loop.createFuture<null>();
    const task = loop.createTask(async () => {
      for await (const each of asCompleted([future], { timeout: 10 })) each.result();
    });
    await runOnce(loop);
    future.setResult(null);
    await loop.runUntilComplete(task);
    host.sleeps.length = 0;
    const running = loop.runForever();
    await new Promise(setImmediate);
    expect(host.sleeps).to.deep.equal([Infinity]);
    loop.stop();
    await running;
  });

  it('asCompleted() gives all of them, sorted by when they are done', async () => {
    const delays = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(delays, async (all) => {
        const own = jumpingLoop();
        const futures = all.map((delay) => {
          const future: Future<number> = own.createFuture<number>();
          own.callLater(delay, () => future.setResult(delay));
          return future;
        });
        const seen = await own.runUntilComplete(async () => {
          const values: number[] = [];
          for (const next of asCompleted(futures)) values.push(await next);
          return values;
        });
        expect(seen).to.deep.equal([...all].sort((a, b) => a - b));
      }),
    );
  });

  it('asCompleted() of 10,000 coroutines', async () => {
    const count = await main(async () => {
      let seen = 0;
      const coroutines = Array.from({ length: 10_000 }, (_, index) => async () => sleep(index % 5));
      for await (const future of asCompleted(coroutines)) if (future.done()) seen++;
      return seen;
    });
    expect(count).to.equal(10_000);
  });
});
