/* eslint-disable require-yield -- a coroutine need not wait for anything */
import {
  type BaseEventLoop,
  CancelledError,
  type Coroutine,
  type CoroutineGenerator,
  type Future,
  gather,
  LoopStateError,
  setEventLoop,
  shield,
  sleep,
} from '@ringloop/core';
import { expect } from 'chai';
import sinon from 'sinon';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf } from '../core/virtual-loop.js';
import { BOTH_KINDS } from './blocks.js';
import { runBriefly } from './run-briefly.js';

// Cases of CPython's test_tasks.py that are about gather() (PSF License Version 2). The facts are theirs, the text is ours.
// Left out: test_env_var_debug, which is about another thing.

describe('conformance/gather', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
  });

  const futures = (count: number): Future<unknown>[] =>
    Array.from({ length: count }, () => loop.createFuture());

  /** Lets everything run that has been set off. */
  async function runAll(): Promise<void> {
    for (let i = 0; i < 5; i++) await runBriefly(loop);
  }

  function* waitForIt(future: Future<unknown>): CoroutineGenerator<unknown> {
    return yield* future;
  }

  const SOURCES: readonly {
    name: string;
    from: (all: Future<unknown>[]) => (Future<unknown> | Coroutine<unknown>)[];
  }[] = [
    { name: 'FutureGatherTests', from: (all) => all },
    { name: 'CoroutineGatherTests', from: (all) => all.map((each) => async () => each) },
    { name: 'CoroutineGatherTests', from: (all) => all.map(waitForIt) },
  ];

  SOURCES.forEach(({ name, from }, index) => {
    describe(`${name} ${index}`, () => {
      /** Gathers in the loop, as coroutines ask for it. */
      async function gathered(
        all: Future<unknown>[],
        options: { returnExceptions?: boolean } = {},
      ): Promise<Future<unknown>[]> {
        return loop.runUntilComplete(async () => [gather(from(all), options)]);
      }

      for (const [test, options] of [
        ['test_success', {}],
        ['test_success', { returnExceptions: false }],
        ['test_result_exception_success', { returnExceptions: true }],
      ] as const) {
        it(`${name}.${test}: the results are in the order of the futures`, async () => {
          const all = futures(3);
          const [outer] = await gathered(all, options);
          const callback = sinon.spy();
          outer?.addDoneCallback(callback);
          all[1]?.setResult(1);
          all[0]?.setResult(2);
          await runAll();
          expect([callback.called, outer?.done()]).to.deep.equal([false, false]);
          all[2]?.setResult(3);
          await runAll();
          expect(callback.args).to.deep.equal([[outer]]);
          expect(outer?.result()).to.deep.equal([2, 1, 3]);
        });
      }

      it(`${name}.test_one_exception: the first error is its error, and the others go on`, async () => {
        const all = futures(5);
        const [outer] = await gathered(all);
        const callback = sinon.spy();
        outer?.addDoneCallback(callback);
        const error = new RangeError('first');
        all[0]?.setResult(1);
        all[1]?.setException(error);
        await runAll();
        expect(callback.args).to.deep.equal([[outer]]);
        expect(outer?.exception()).to.equal(error);
        all[2]?.setResult(3);
        all[3]?.cancel();
        all[4]?.setException(new Error('second'));
        await runAll();
      });

      it(`${name}.test_return_exceptions: with returnExceptions errors are results`, async () => {
        const all = futures(4);
        const [outer] = await gathered(all, { returnExceptions: true });
        const callback = sinon.spy();
        outer?.addDoneCallback(callback);
        const errors = [new RangeError('c'), new Error('d')];
        all[1]?.setResult(1);
        all[2]?.setException(errors[0]);
        all[0]?.setResult(3);
        await runAll();
        expect(outer?.done()).to.equal(false);
        all[3]?.setException(errors[1]);
        await runAll();
        expect(callback.args).to.deep.equal([[outer]]);
        expect(outer?.result()).to.deep.equal([3, 1, ...errors]);
      });
    });
  });

  it('FutureGatherTests.test_constructor_empty_sequence_without_loop: without a loop there is nothing to gather in', () => {
    expect(() => gather([])).to.throw(LoopStateError, 'There is no current event loop');
  });

  it('FutureGatherTests.test_constructor_empty_sequence_use_running_loop: none are done already', async () => {
    const [outer] = await loop.runUntilComplete(async () => [gather([])]);
    expect([outer?.getLoop(), outer?.done(), outer?.result()]).to.deep.equal([loop, true, []]);
  });

  it('FutureGatherTests.test_constructor_heterogenous_futures: futures of different loops are refused', () => {
    expect(() => gather([loop.createFuture(), jumpingLoop().createFuture()]))
      .to.throw(
        LoopStateError,
        'The future belongs to a different loop than the one specified as the loop argument',
      )
      .with.property('code', 'ERR_OTHER_LOOP');
  });

  it('FutureGatherTests.test_constructor_homogenous_futures: the loop is that of the futures', async () => {
    const all = futures(3);
    for (let i = 0; i < 2; i++) {
      const outer = gather(all);
      expect(outer.getLoop()).to.equal(loop);
      await runAll();
      expect(outer.done()).to.equal(false);
    }
  });

  it('FutureGatherTests.test_one_cancellation: a future that is cancelled is an error of the whole', async () => {
    const all = futures(5);
    const outer = gather(all);
    const callback = sinon.spy();
    outer.addDoneCallback(callback);
    all[0]?.setResult(1);
    all[1]?.cancel();
    await runAll();
    expect(callback.args).to.deep.equal([[outer]]);
    expect(outer.cancelled()).to.equal(false);
    expect(outer.exception()).to.be.instanceOf(CancelledError);
    all[2]?.setResult(3);
    all[3]?.cancel();
    all[4]?.setException(new Error('dropped'));
    await runAll();
  });

  it('FutureGatherTests.test_result_exception_one_cancellation: or one of the results', async () => {
    const all = futures(6);
    const outer = gather(all, { returnExceptions: true });
    const errors = [new RangeError('b'), new Error('f')];
    all[0]?.setResult(1);
    all[1]?.setException(errors[0]);
    all[2]?.cancel('c');
    await runAll();
    expect(outer.done()).to.equal(false);
    all[3]?.setResult(3);
    all[4]?.cancel();
    all[5]?.setException(errors[1]);
    const results = await loop.runUntilComplete(outer);
    expect(results.map(String)).to.deep.equal([
      '1',
      'RangeError: b',
      'CancelledError: c',
      '3',
      'CancelledError',
      'Error: f',
    ]);
  });

  it('CoroutineGatherTests.test_constructor_without_loop: coroutines need a loop that runs', () => {
    expect(() => gather([async () => 'abc', async () => 'abc'])).to.throw(
      LoopStateError,
      'There is no current event loop',
    );
  });

  describe('with a current loop', () => {
    beforeEach(() => setEventLoop(loop));
    afterEach(() => setEventLoop(null));

    it('FutureGatherTests.test_constructor_empty_sequence_use_global_loop: it need not run', () => {
      const outer = gather([]);
      expect([outer.getLoop(), outer.result()]).to.deep.equal([loop, []]);
    });

    it('CoroutineGatherTests.test_constructor_use_global_loop: coroutines wait for it', async () => {
      const outer = gather([async () => 'abc', async () => 'abc']);
      expect(outer.getLoop()).to.equal(loop);
      expect(await loop.runUntilComplete(outer)).to.deep.equal(['abc', 'abc']);
    });
  });

  for (const { kind, coroutine } of BOTH_KINDS) {
    describe(kind, () => {
      it('CoroutineGatherTests.test_constructor_use_running_loop: they become tasks of it', async () => {
        const steps = function* (): CoroutineGenerator<string> {
          return 'abc';
        };
        const [outer] = await loop.runUntilComplete(async () => [
          gather([coroutine(steps), coroutine(steps)]),
        ]);
        expect(outer?.getLoop()).to.equal(loop);
        await runAll();
        expect(outer?.result()).to.deep.equal(['abc', 'abc']);
      });

      it('CoroutineGatherTests.test_duplicate_coroutines: the same coroutine runs once', async () => {
        let runs = 0;
        const make = (value: string): Coroutine<string> =>
          coroutine(function* () {
            runs++;
            return value;
          });
        const twice = make('abc');
        const result = await loop.runUntilComplete(async () => gather([twice, twice, make('def'), twice]));
        expect([result, runs]).to.deep.equal([['abc', 'abc', 'def', 'abc'], 2]);
      });

      it('CoroutineGatherTests.test_cancellation_broadcast: to cancel it cancels all', async () => {
        let proof = 0;
        const waiter = loop.createFuture<unknown>();
        const inner = coroutine(function* () {
          yield* waiter;
          proof += 1;
        });
        const children = [loop.createTask(inner), loop.createTask(inner)];
        const gatherers: Future<unknown>[] = [];
        const task = loop.createTask(
          coroutine(function* () {
            const gatherer = gather(children);
            gatherers.push(gatherer);
            yield* gatherer;
            proof += 100;
          }),
        );
        await runBriefly(loop);
        expect(task.cancel()).to.equal(true);
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
        expect([waiter, ...children].map((each) => each.cancelled())).to.deep.equal([true, true, true]);
        expect(gatherers.map((each) => each.cancel())).to.deep.equal([false]);
        await runBriefly(loop);
        expect(proof).to.equal(0);
      });

      it('CoroutineGatherTests.test_exception_marking: later errors are not reported', async () => {
        const reports = reportsOf(loop);
        const [a, b] = [loop.createFuture<null>(), loop.createFuture<null>()];
        const inner = (future: Future<null>): Coroutine<never> =>
          coroutine(function* () {
            yield* future;
            throw new RangeError('should not be ignored');
          });
        const task = loop.createTask(
          coroutine(function* () {
            yield* gather([inner(a), inner(b)]);
          }),
        );
        await runBriefly(loop);
        a.setResult(null);
        await runBriefly(loop);
        b.setResult(null);
        await runAll();
        expect(task.exception()).to.be.instanceOf(RangeError);
        loop.close();
        expect(reports).to.deep.equal([]);
      });

      it('CoroutineGatherTests.test_issue46672: what was started before a refusal does no harm', async () => {
        const reports = reportsOf(loop);
        const quick = coroutine(function* () {
          return 'abc';
        });
        const crash = coroutine(function* (): CoroutineGenerator<never> {
          throw new RangeError('nobody will ask');
        });
        await loop.runUntilComplete(async () => {
          expect(() => gather([quick, crash, {} as never])).to.throw(TypeError);
        });
        await runAll();
        loop.close();
        expect(reports).to.deep.equal([]);
      });

      for (const message of [undefined, 'my message']) {
        it(`BaseTaskTests.test_cancel_gather_2: its cancellation is no result, ${message}`, async () => {
          const running = loop.runUntilComplete(async () => {
            const task = loop.createTask(
              coroutine(function* () {
                for (let time = 0; time <= 1; time += 0.05) {
                  yield* gather([sleep(0.05)], { returnExceptions: true });
                }
              }),
            );
            await sleep(0.2);
            task.cancel(message);
            await task;
          });
          const error = await rejection(running);
          expect(error).to.be.instanceOf(CancelledError);
          expect(error.message).to.equal(message ?? '');
        });
      }
    });
  }

  // With async functions the children go on only after the callbacks of the iteration: the cancellation is in time.
  it('BaseTaskTests.test_cancel_gather_1: it refuses to be cancelled when all are done', async () => {
    const future = loop.createFuture<number>();
    const [outer] = await loop.runUntilComplete(async () => [
      gather([
        function* () {
          return yield* future;
        },
      ]),
    ]);
    await runBriefly(loop);
    const log: unknown[] = [];
    future.addDoneCallback(() => log.push(outer?.cancel()));
    future.setResult(42);
    expect(await loop.runUntilComplete(outer!)).to.deep.equal([42]); // made above
    expect([log, outer?.cancelled()]).to.deep.equal([[false], false]);
  });

  it('BaseTaskTests.test_gather_shield: to cancel it does not reach what is shielded', async () => {
    const children = futures(2);
    const shields = children.map((child) => shield(child));
    const parent = gather(shields);
    await runBriefly(loop);
    parent.cancel();
    await runAll();
    expect(parent.exception()).to.be.instanceOf(CancelledError);
    expect([...shields, ...children].map((each) => each.cancelled())).to.deep.equal([
      true,
      true,
      false,
      false,
    ]);
    children.forEach((child, index) => child.setResult(index));
    await runBriefly(loop);
  });
});
