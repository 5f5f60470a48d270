/* eslint-disable require-yield -- a coroutine need not wait for anything */
import {
  ALL_COMPLETED,
  type BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  FIRST_COMPLETED,
  FIRST_EXCEPTION,
  type Future,
  sleep,
  type Task,
  wait,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop } from '../core/virtual-loop.js';
import { BOTH_KINDS } from './blocks.js';
import { runBriefly } from './run-briefly.js';

// Cases of CPython's test_tasks.py that are about wait() (PSF License Version 2). The facts are theirs, the text is ours.

for (const { kind, coroutine } of BOTH_KINDS) {
  describe(`conformance/wait, ${kind}`, () => {
    let loop: BaseEventLoop;

    beforeEach(() => {
      loop = jumpingLoop();
    });

    const main = <T>(steps: () => CoroutineGenerator<T>): Promise<T> =>
      loop.runUntilComplete(coroutine(steps));
    const spawn = <T>(steps: () => CoroutineGenerator<T>): Task<T> => loop.createTask(coroutine(steps));
    const sleeper = (delay: number): Task<void> =>
      spawn(function* () {
        yield* sleep(delay);
      });
    const crashAfter = (delay: number): Task<never> =>
      spawn(function* () {
        yield* sleep(delay);
        throw new RangeError('crash');
      });
    /** A main that begins after `tasks`. */
    const runAfter = (
      [a, b]: [Task<void>, Task<void>],
      steps: (a: Task<void>, b: Task<void>) => CoroutineGenerator<void>,
    ): Promise<void> => main(() => steps(a, b));
    const sets = (all: [Set<unknown>, Set<unknown>]): unknown[][] => all.map((each) => [...each]);

    it('BaseTaskTests.test_wait: it gives the futures that are done', async () => {
      const [a, b] = [sleeper(0.1), sleeper(0.15)];
      for (let i = 0; i < 2; i++) {
        await main(function* () {
          expect(sets(yield* wait([b, a]))).to.deep.equal([[b, a], []]);
        });
        expect(loop.time()).to.equal(0.15);
      }
    });

    it('BaseTaskTests.test_wait_duplicate_coroutines: the same future twice is one', () =>
      main(function* () {
        const make = (value: string): Task<string> =>
          spawn(function* () {
            return value;
          });
        const twice = make('test');
        const [done, pending] = yield* wait([twice, twice, make('spam')]);
        expect([[...done].map((each) => each.result()), pending.size]).to.deep.equal([['test', 'spam'], 0]);
      }));

    it('BaseTaskTests.test_wait_errors: it refuses no futures, and an unknown returnWhen', () =>
      main(function* () {
        expect(() => wait(new Set<Future<unknown>>())).to.throw(RangeError, 'Set of Tasks/Futures is empty.');
        expect(() => wait([sleeper(10)], { returnWhen: -1 as never })).to.throw(
          RangeError,
          'Invalid returnWhen value: -1',
        );
      }));

    it('BaseTaskTests.test_wait_first_completed: FIRST_COMPLETED waits for one', () =>
      main(function* () {
        const [a, b] = [sleeper(10), sleeper(0.1)];
        const outcome = yield* wait([b, a], { returnWhen: FIRST_COMPLETED });
        expect([sets(outcome), a.done(), b.done(), loop.time()]).to.deep.equal([
          [[b], [a]],
          false,
          true,
          0.1,
        ]);
      }));

    it('BaseTaskTests.test_wait_really_done: what is done by then counts as done, whatever was told', () =>
      main(function* () {
        const a = spawn(function* () {
          yield* sleep(0);
        });
        const b = spawn(function* () {
          yield* sleep(0);
          yield* sleep(0);
        });
        const outcome = yield* wait([b, a], { returnWhen: FIRST_COMPLETED });
        expect(sets(outcome)).to.deep.equal([[b, a], []]);
      }));

    it('BaseTaskTests.test_wait_first_exception: FIRST_EXCEPTION waits for an error', () =>
      main(function* () {
        const a = sleeper(10);
        const b = spawn(function* () {
          throw new RangeError('at once');
        });
        const outcome = yield* wait<Task<void>>([b, a], { returnWhen: FIRST_EXCEPTION });
        expect([sets(outcome), loop.time()]).to.deep.equal([[[b], [a]], 0]);
      }));

    it('BaseTaskTests.test_wait_first_exception_in_wait: that comes while it waits', () =>
      main(function* () {
        const [a, b] = [sleeper(10), crashAfter(0.01)];
        const outcome = yield* wait<Task<void>>([b, a], { returnWhen: FIRST_EXCEPTION });
        expect([sets(outcome), loop.time()]).to.deep.equal([[[b], [a]], 0.01]);
      }));

    it('BaseTaskTests.test_wait_with_exception: an error is one way to be done', async () => {
      const [a, b] = [sleeper(0.1), crashAfter(0.15)];
      for (let i = 0; i < 2; i++) {
        await main(function* () {
          const [done, pending] = yield* wait<Task<void>>([b, a]);
          const errors = [...done].filter((each) => each.exception() !== null);
          expect([done.size, pending.size, errors]).to.deep.equal([2, 0, [b]]);
        });
        expect(loop.time()).to.equal(0.15);
      }
    });

    it('BaseTaskTests.test_wait_with_timeout: after the timeout it gives what there is', () =>
      main(function* () {
        const [a, b] = [sleeper(0.1), sleeper(0.15)];
        expect(sets(yield* wait([b, a], { timeout: 0.11 }))).to.deep.equal([[a], [b]]);
        expect(loop.time()).to.equal(0.11);
      }));

    it('BaseTaskTests.test_wait_concurrent_complete: also when it comes together with the end of a task', () =>
      runAfter([sleeper(0.1), sleeper(0.15)], function* (a, b) {
        const outcome = yield* wait([b, a], { timeout: 0.1 });
        // The task has been woken, and a generator is the next to go on; an async function goes on after the iteration.
        expect(sets(outcome)).to.deep.equal(kind === 'generator coroutines' ? [[a], [b]] : [[], [b, a]]);
        expect(loop.time()).to.equal(0.1);
      }));

    it('BaseTaskTests.test_wait_with_iterator_of_tasks: an iterator will do', () =>
      main(function* () {
        const [a, b] = [sleeper(0.1), sleeper(0.15)];
        expect(sets(yield* wait([b, a].values()))).to.deep.equal([[b, a], []]);
      }));

    it('BaseTaskTests.test_wait_generator: and so will a generator', () =>
      main(function* () {
        function* tasks(): Generator<Task<number>> {
          for (let i = 0; i < 10; i++) {
            yield spawn(function* () {
              return i;
            });
          }
        }
        const [done, pending] = yield* wait(tasks(), { returnWhen: ALL_COMPLETED });
        expect([done.size, pending.size]).to.deep.equal([10, 0]);
      }));

    it('BaseTaskTests.test_wait_invalid_args: a future is no list of futures', () =>
      main(function* () {
        const future = loop.createFuture<unknown>();
        expect(() => wait((async () => 42) as never)).to.throw(
          TypeError,
          'wait() expects an iterable of futures',
        );
        expect(() => wait(future as never)).to.throw(TypeError, 'wait() expects an iterable of futures');
        expect(() => wait([])).to.throw(RangeError);
      }));

    it('BaseTaskTests.test_yield_wait_does_not_shield_cancel: a wait that is cancelled leaves them alone', async () => {
      let proof = 0;
      const waiter = loop.createFuture<null>();
      const task = spawn(function* () {
        yield* wait([
          spawn(function* () {
            yield* waiter;
            proof += 1;
          }),
        ]);
        proof += 100;
      });
      await runBriefly(loop);
      task.cancel();
      expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
      waiter.setResult(null);
      await runBriefly(loop);
      expect(proof).to.equal(1);
    });
  });
}
