import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  type BaseEventLoop,
  CancelledError,
  eagerTaskFactory,
  type Future,
  gather,
  sleep,
  type Task,
  waitFor,
} from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { rejection } from '../../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from '../virtual-loop.js';

describe('core/gather', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
  });

  const main = <T>(coroutine: () => PromiseLike<T>): Promise<T> => loop.runUntilComplete(coroutine);

  it('gather() gives typed results of all kinds of awaitables', async () => {
    const future = loop.createFuture<boolean>();
    loop.callLater(1, () => future.setResult(true));
    const [a, b, c, d, e, f] = await main(() =>
      gather([
        future,
        async () => 1,
        function* () {
          yield* sleep(1);
          return 'steps';
        },
        Promise.resolve(null),
        sleep(1, 2n),
        (signal: AbortSignal) => delay(1, signal.aborted),
      ]),
    );
    const typed: [boolean, number, string, null, bigint, boolean] = [a, b, c, d, e, f];
    expect(typed).to.deep.equal([true, 1, 'steps', null, 2n, false]);
  });

  it('gather() with returnExceptions has errors in the types of its results', async () => {
    const outcomes: [number | Error, string | Error] = await main(() =>
      gather([async () => 1, () => Promise.reject<string>(new RangeError('no'))], { returnExceptions: true }),
    );
    expect(outcomes.map(String)).to.deep.equal(['1', 'RangeError: no']);
  });

  it('gather() takes any iterable', async () => {
    const tasks = new Set<Task<number>>([1, 2, 3].map((value) => loop.createTask(async () => value)));
    const results: number[] = await main(() => gather(tasks));
    expect(results).to.deep.equal([1, 2, 3]);
    const outcomes: (number | Error)[] = await main(() => gather(tasks, { returnExceptions: true }));
    expect(outcomes).to.deep.equal([1, 2, 3]);
  });

  it('gather() refuses what is no iterable of awaitables', async () => {
    expect(() => gather(loop.createFuture() as never)).to.throw(
      TypeError,
      'gather() expects an iterable of futures',
    );
    await main(async () => {
      expect(() => gather([5 as never])).to.throw(
        TypeError,
        'A Future, a coroutine or a promise is required',
      );
    });
  });

  it('gather() of done futures is done at once', () => {
    const all = [loop.createFuture<number>(), loop.createFuture<number>()];
    all.forEach((each, index) => each.setResult(index));
    expect(gather(all).result()).to.deep.equal([0, 1]);
    const failed = loop.createFuture<number>();
    failed.setException(new RangeError('failed'));
    expect(gather([...all, failed]).exception()?.message).to.equal('failed');
  });

  it('gather() counts a future once that is done by an eager task of the same gather()', async () => {
    const future = loop.createFuture<string>();
    const results = await main(async () => {
      loop.setTaskFactory(eagerTaskFactory);
      const settle = function* () {
        future.setResult('by the other');
        yield* sleep(0);
        return 'late';
      };
      return gather([future, settle]);
    });
    expect(results).to.deep.equal(['by the other', 'late']);
  });

  it('gather() that is cancelled before its children have started cancels them', async () => {
    let started = false;
    const error = await rejection(
      main(async () => {
        const outer = gather([
          async () => {
            started = true;
          },
        ]);
        expect([outer.cancel('early'), outer.cancelled()]).to.deep.equal([true, false]);
        await outer;
      }),
    );
    expect(error).to.be.instanceOf(CancelledError).with.property('message', 'early');
    expect(started).to.equal(false);
  });

  it('gather() that is cancelled twice, and in the iteration of the wake-up', async () => {
    const future = loop.createFuture<null>();
    const outer = gather([future]);
    const task = loop.createTask(async () => outer);
    await runOnce(loop);
    future.setResult(null);
    expect([outer.cancel(), task.cancel()]).to.deep.equal([false, true]); // the child is done
    await rejection(loop.runUntilComplete(task));
    expect([task.cancelled(), outer.cancel()]).to.deep.equal([true, false]);
    const pending = gather([loop.createFuture(), loop.createFuture()], { returnExceptions: true });
    expect([pending.cancel('first'), pending.cancel('second')]).to.deep.equal([true, false]);
    expect((await rejection(loop.runUntilComplete(pending))).message).to.equal('first');
  });

  it('gather() whose cancellation the last child survives fails with CancelledError all the same', async () => {
    const outer = await main(async () => {
      const stubborn = async (): Promise<string> => {
        await rejection(sleep(1));
        return 'survived';
      };
      const gathered = gather([loop.createFuture(), stubborn], { returnExceptions: true });
      await sleep(0);
      gathered.cancel('message of the first');
      await rejection(gathered);
      return [gathered];
    });
    expect(outer[0]?.exception()).to.be.instanceOf(CancelledError).with.property('message', '');
  });

  // CPython: the error belongs to whoever looks at it, and to nobody if it is one of the results of a gather() that never ends.
  it('gather() with returnExceptions looks at errors only when all are done', async () => {
    const reports = reportsOf(loop);
    const [failed, pending] = [loop.createFuture(), loop.createFuture()];
    gather([failed, pending], { returnExceptions: true });
    failed.setException(new RangeError('in vain'));
    await runOnce(loop);
    loop.close();
    expect(reports.map(({ message }) => message)).to.deep.equal(['Future exception was never retrieved']);
  });

  // asyncio makes a task of each coroutine; ours have begun in the task that calls, and must not get into each other's way.
  it('gather() of coroutine methods: the timeout of one leaves the others alone', async () => {
    const inTime = (): Future<string> => {
      const future = loop.createFuture<string>();
      loop.callLater(3, () => future.setResult('three'));
      return future;
    };
    const both = (): Future<(string | Error)[]> =>
      gather([waitFor(loop.createFuture<string>(), 1), waitFor(inTime(), 5)], { returnExceptions: true });
    const fromAsync = await main(async () => both());
    const fromSteps = await loop.runUntilComplete(function* () {
      return yield* both();
    });
    const settled = await main(async () =>
      Promise.allSettled([
        waitFor(async () => loop.createFuture<string>(), 1),
        waitFor(async () => inTime(), 5),
      ]),
    );
    expect([fromAsync, fromSteps].map((each) => each.map(String))).to.deep.equal([
      ['TimeoutError: Timed out', 'three'],
      ['TimeoutError: Timed out', 'three'],
    ]);
    expect(settled.map(({ status }) => status)).to.deep.equal(['rejected', 'fulfilled']);
  });

  it('gather() of 10,000 tasks', async () => {
    const coroutines = Array.from({ length: 10_000 }, (_, index) => async () => sleep(index % 7, index));
    const results = await main(() => gather(coroutines));
    expect(results).to.deep.equal(coroutines.map((_, index) => index));
  });

  it('gather() gives every outcome in its place, however they come', async () => {
    const outcome = fc.record({
      at: fc.integer({ min: 0, max: 3 }),
      kind: fc.constantFrom('value', 'error', 'cancel'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(outcome, { maxLength: 8 }), async (outcomes) => {
        const own = jumpingLoop();
        const futures = outcomes.map(({ at, kind }, index) => {
          const future = own.createFuture<string>();
          own.callLater(at, () => {
            if (kind === 'value') future.setResult(`${index}`);
            else if (kind === 'error') future.setException(new RangeError(`${index}`));
            else future.cancel(`${index}`);
          });
          return future;
        });
        const results = await own.runUntilComplete(async () => gather(futures, { returnExceptions: true }));
        const texts = { value: '', error: 'RangeError: ', cancel: 'CancelledError: ' };
        expect(results.map(String)).to.deep.equal(
          outcomes.map(({ kind }, index) => `${texts[kind]}${index}`),
        );
      }),
    );
  });

  it('gather() shows itself as what it is', () => {
    expect(inspect(gather([loop.createFuture()]))).to.equal('<GatheringFuture pending>');
  });

  it('gather() that was cancelled reports no exception of its children as never retrieved', async () => {
    const reports = reportsOf(loop);
    const bad = async (): Promise<void> => {
      try {
        await sleep(9);
      } finally {
        throw new Error('cleanup failed'); // eslint-disable-line no-unsafe-finally -- as a cleanup may
      }
    };
    const task = loop.createTask(async () => gather([bad, () => sleep(9)], { returnExceptions: true }));
    loop.callLater(1, () => task.cancel());
    await loop.runUntilComplete(() => Promise.allSettled([task]));
    loop.close();
    expect([task.cancelled(), reports]).to.deep.equal([true, []]);
  });
});
