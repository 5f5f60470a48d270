import { setImmediate as immediate } from 'node:timers/promises';
import {
  type BaseEventLoop,
  CancelledError,
  currentTask,
  type Future,
  InvalidStateError,
  KeyboardInterrupt,
  LoopStateError,
  sleep,
  SystemExit,
  type Task,
} from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

const NAMES = 'a b c d e f g h'.split(' ');

describe('core/generator-driver', () => {
  let loop: BaseEventLoop;
  let future: Future<string>;
  let log: string[];
  const note = (what: string): void => void log.push(what);

  /** Waits, and notes how that ended. */
  function* watch(
    name: string,
    awaited: Iterable<unknown, unknown, unknown>,
  ): Generator<unknown, void, unknown> {
    try {
      log.push(`${name} got ${String(yield* awaited)}`);
    } catch (thrown) {
      log.push(`${name} ${String(thrown)}`);
    }
  }

  beforeEach(() => {
    loop = jumpingLoop({ stopMode: 'batch' }); // runOnce() is one iteration then
    future = loop.createFuture();
    log = [];
  });

  describe('What it yields', () => {
    it('yield* gives the result of a future, or throws its exception', async () => {
      const failing = loop.createFuture<number>();
      loop.callLater(1, () => future.setResult('done'));
      loop.callLater(2, () => failing.setException(new RangeError('bad')));
      const main = function* (): Generator<unknown, string, unknown> {
        const result: string = yield* future;
        try {
          yield* failing;
        } catch (thrown) {
          return `${result}, then ${String(thrown)}`;
        }
        return 'never';
      };
      expect(await loop.runUntilComplete(main)).to.equal('done, then RangeError: bad');
    });

    it('yield gives what yield* gives, untyped', async () => {
      const failing = loop.createFuture<number>();
      loop.callLater(1, () => future.setResult('done'));
      loop.callLater(2, () => failing.setException(new RangeError('bad')));
      const main = function* (): Generator<unknown, unknown, string> {
        const result = yield future;
        try {
          yield failing;
        } catch (thrown) {
          return `${result}, then ${String(thrown)}`;
        }
        return 'never';
      };
      expect(await loop.runUntilComplete(main)).to.equal('done, then RangeError: bad');
    });

    // As CPython: a finished future does not suspend.
    it('yield* of a done future goes on at once, yield of one in the next iteration', async () => {
      future.setResult('there');
      loop.createTask(function* () {
        log.push(yield* future);
        note('same step');
        yield future;
        note('next step');
      });
      loop.callSoon(note, 'callback');
      await runOnce(loop);
      expect(log).to.deep.equal(['there', 'same step', 'callback']);
      await runOnce(loop);
      expect(log.slice(3)).to.deep.equal(['next step']);
    });

    it('yield of nothing goes on in the next iteration', async () => {
      loop.createTask(function* () {
        note('1');
        yield;
        note('2');
        yield undefined;
        note('3');
        yield null;
        note('4');
      });
      loop.callSoon(note, 'callback');
      for (let iteration = 0; iteration < 4; iteration++) {
        await runOnce(loop);
        note('|');
      }
      expect(log).to.deep.equal(['1', 'callback', '|', '2', '|', '3', '|', '4', '|']);
    });

    it('yield* of another generator is part of the step, errors included', async () => {
      const inner = function* (fails: boolean): Generator<unknown, string, unknown> {
        yield;
        if (fails) throw new RangeError('inner');
        return 'inner result';
      };
      const main = function* (): Generator<unknown, void, unknown> {
        yield* watch('first', inner(false));
        yield* watch('second', inner(true));
      };
      await loop.runUntilComplete(main);
      expect(log).to.deep.equal(['first got inner result', 'second RangeError: inner']);
    });

    it('yield* goes a thousand generators deep', async () => {
      const nested = function* (depth: number): Generator<unknown, number, unknown> {
        if (depth === 0) yield* sleep(1);
        return depth === 0 ? 0 : 1 + (yield* nested(depth - 1));
      };
      expect(await loop.runUntilComplete(() => nested(1000))).to.equal(1000);
    });

    it('Task steps run in the order their futures were settled, with the callbacks', async () => {
      const other = loop.createFuture<string>();
      loop.createTask(() => watch('first', future));
      loop.createTask(() => watch('second', other));
      await runOnce(loop);
      other.addDoneCallback(() => note('callback of second'));
      other.setResult('2');
      loop.callSoon(note, 'callback');
      future.setResult('1');
      await runOnce(loop);
      expect(log).to.deep.equal(['second got 2', 'callback of second', 'callback', 'first got 1']);
    });

    it('Tasks go on in whatever order their futures are settled', async () => {
      const permutation = fc.shuffledSubarray(NAMES, { minLength: NAMES.length });
      await fc.assert(
        fc.asyncProperty(permutation, async (order) => {
          loop = jumpingLoop({ stopMode: 'batch' });
          log = [];
          const futures = new Map(NAMES.map((name) => [name, loop.createFuture<string>()]));
          for (const each of futures.values()) {
            loop.createTask(function* () {
              log.push(yield* each);
            });
          }
          await runOnce(loop);
          for (const name of order) futures.get(name)?.setResult(name);
          await runOnce(loop);
          expect(log).to.deep.equal(order);
        }),
        { numRuns: 30 },
      );
    });

    it('Tasks by the ten thousand take one iteration a step', async () => {
      let steps = 0;
      const tasks = Array.from({ length: 10_000 }, () =>
        loop.createTask(function* () {
          steps++;
          yield;
          steps++;
        }),
      );
      await runOnce(loop);
      expect(steps).to.equal(10_000);
      await runOnce(loop);
      expect([steps, tasks.every((task) => task.done())]).to.deep.equal([20_000, true]);
    });
  });

  describe('A native promise', () => {
    it('yield of a promise gives what it comes to', async () => {
      const main = function* (): Generator<unknown, unknown[], unknown> {
        const results: unknown[] = [yield Promise.resolve('resolved')];
        try {
          yield Promise.reject(new RangeError('rejected'));
        } catch (thrown) {
          results.push(String(thrown));
        }
        results.push(yield { then: (resolve: (value: string) => void) => resolve('thenable') });
        return results;
      };
      expect(await loop.runUntilComplete(main)).to.deep.equal([
        'resolved',
        'RangeError: rejected',
        'thenable',
      ]);
    });

    it('yield of a promise that rejects with CancelledError throws that, with its message', async () => {
      const task = loop.createTask(function* () {
        yield Promise.reject(new CancelledError('from outside'));
      });
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('from outside');
      expect(task.cancelled()).to.equal(true);
    });

    for (const outcome of ['resolves', 'rejects'] as const) {
      it(`cancel() does not wait for the promise, which ${outcome} too late`, async () => {
        const reports = reportsOf(loop);
        let settle: () => void = () => undefined;
        const promise = new Promise((resolve, reject) => {
          settle = () => (outcome === 'resolves' ? resolve('late') : reject(new Error('late')));
        });
        const task = loop.createTask(function* () {
          yield* watch(
            'promise',
            (function* () {
              return yield promise;
            })(),
          );
          yield* sleep(1);
        });
        await runOnce(loop);
        task.cancel('enough');
        await runOnce(loop);
        settle();
        await loop.runUntilComplete(task);
        loop.close();
        expect([log, reports]).to.deep.equal([['promise CancelledError: enough'], []]);
      });

      it(`close() ignores a promise that ${outcome} afterwards`, async () => {
        reportsOf(loop);
        let settle: () => void = () => undefined;
        const promise = new Promise((resolve, reject) => {
          settle = () => (outcome === 'resolves' ? resolve('late') : reject(new Error('late')));
        });
        const task = loop.createTask(function* () {
          yield promise;
          note('never');
        });
        await runOnce(loop);
        loop.close();
        settle();
        await immediate(); // an error now would be an unhandled rejection
        expect([task.done(), log]).to.deep.equal([false, []]);
      });
    }

    it('yield of a thenable that throws, throws that', async () => {
      const main = function* (): Generator<unknown, string, unknown> {
        try {
          yield {
            then() {
              throw new Error('bad thenable');
            },
          };
        } catch (thrown) {
          return String(thrown);
        }
        return 'nothing thrown';
      };
      expect(await loop.runUntilComplete(main)).to.equal('Error: bad thenable');
    });
  });

  describe('What it must not yield', () => {
    /** How a generator hears of it, which then goes on. */
    async function complaintAbout(yielded: unknown): Promise<Error> {
      const main = function* (): Generator<unknown, unknown, unknown> {
        try {
          yield yielded;
        } catch (thrown) {
          yield* sleep(1);
          return thrown;
        }
        return new Error('nothing thrown');
      };
      return (await loop.runUntilComplete(loop.createTask(main, { name: 'odd' }))) as Error;
    }

    // CPython BaseTaskTests.test_task_step_error
    it('yield of what cannot be waited for throws a TypeError there', async () => {
      for (const [yielded, shown] of [
        [5, '5'],
        ['spam', "'spam'"],
        [false, 'false'],
        [{ then: 5 }, '{ then: 5 }'],
        [[], '[]'],
        [note, '[Function: note]'],
      ] as const) {
        const complaint = await complaintAbout(yielded);
        expect(complaint).to.be.instanceOf(TypeError);
        expect(complaint.message).to.equal(`Task got bad yield: ${shown}`);
      }
    });

    it('yield of a generator says that yield* is meant', async () => {
      const complaint = await complaintAbout(future[Symbol.iterator]());
      expect(complaint).to.be.instanceOf(TypeError);
      expect(complaint.message).to.match(
        /^yield was used instead of yield\* for a generator in <Task pending name='odd' coro=<main\(\)>>$/,
      );
    });

    // CPython BaseTaskTests.test_other_loop_future
    it('yield of a future of another loop throws, whether it is pending or done; yield* of a done one does not', async () => {
      const foreign = jumpingLoop().createFuture<string>();
      for (let round = 0; round < 2; round++) {
        const complaint = await complaintAbout(foreign);
        expect(complaint).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
        expect(complaint.message).to.match(
          /^Task <Task pending .*> got Future <Future .*> attached to a different loop$/,
        );
        if (!foreign.done()) foreign.setResult('done');
      }
      expect(await loop.runUntilComplete(() => foreign[Symbol.iterator]())).to.equal('done');
    });

    // CPython BaseTaskTests.test_task_cancel_itself has the message
    it('yield of the task itself throws', async () => {
      const task: Task<unknown> = loop.createTask(function* () {
        yield* watch('self', task);
      });
      await loop.runUntilComplete(task);
      expect(log.join()).to.match(/^self InvalidStateError: Task cannot await on itself: <Task pending /);
    });

    it('cancel() is thrown instead of the complaint that was due', async () => {
      const task = loop.createTask(function* () {
        yield 5;
      });
      loop.callSoon(() => task.cancel('instead'));
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('instead');
    });
  });

  describe('Task.cancel() of a generator', () => {
    /** A task that waits for `future`, one iteration old. */
    async function waiting(): Promise<Task<void>[]> {
      const task = loop.createTask(() => watch('wait', future));
      await runOnce(loop);
      return [task]; // an async function that returns a task waits for it
    }

    // CPython BaseTaskTests.test_cancel_task_before_start… : the error is thrown into a coroutine that has not begun
    it('Task.cancel() before the start keeps the generator from running', async () => {
      const task = loop.createTask(function* () {
        note('ran');
        yield;
      });
      task.cancel('early');
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('early');
      expect([log, task.cancelled()]).to.deep.equal([[], true]);
    });

    it('Task.cancel() at a bare yield is thrown there', async () => {
      const task = loop.createTask(function* () {
        try {
          yield;
        } catch (thrown) {
          log.push(String(thrown));
          throw thrown;
        }
      });
      await runOnce(loop);
      task.cancel('between');
      await runOnce(loop);
      expect([log, task.cancelled()]).to.deep.equal([['CancelledError: between'], true]);
    });

    // CPython BaseTaskTests.test_cancel_yield, test_cancel_inner_future
    it('Task.cancel() while it waits cancels what it waits for, and is thrown in the next iteration', async () => {
      const [task] = await waiting();
      expect(task?.cancel('enough')).to.equal(true);
      expect([future.cancelled(), task?.done(), log]).to.deep.equal([true, false, []]);
      await runOnce(loop);
      expect([task?.done(), task?.cancelled(), log]).to.deep.equal([
        true,
        false, // it caught the error
        ['wait CancelledError: enough'],
      ]);
    });

    // CPython BaseTaskTests.test_cancel_both_task_and_inner_future
    it('Task.cancel() after the future was cancelled is one error', async () => {
      const [task] = await waiting();
      future.cancel('future');
      task?.cancel('task');
      await runOnce(loop);
      expect(log).to.deep.equal(['wait CancelledError: future']);
    });

    // CPython BaseTaskTests.test_cancel_with_message_then_future_result and _exception
    for (const outcome of ['result', 'exception'] as const) {
      it(`Task.cancel() between the ${outcome} and the wake-up wins`, async () => {
        const reports = reportsOf(loop);
        const [task] = await waiting();
        if (outcome === 'result') future.setResult('too late');
        else future.setException(new Error('too late'));
        expect(task?.cancel('late')).to.equal(true);
        await runOnce(loop);
        loop.close();
        expect([log, reports]).to.deep.equal([['wait CancelledError: late'], []]);
      });
    }

    it('Task.cancel() in the iteration of the wake-up wins before the step, and waits for the next one after it', async () => {
      const before = loop.createTask(() => watch('before', future));
      const after = loop.createTask(function* () {
        yield* watch('after', future);
        yield* watch('next wait', sleep(1));
      });
      await runOnce(loop);
      loop.callSoon(() => {
        before.cancel();
      });
      future.setResult('result');
      loop.callSoon(() => {
        after.cancel();
      });
      await loop.runUntilComplete(after);
      expect(log).to.deep.equal(['before CancelledError', 'after got result', 'next wait CancelledError']);
    });

    // CPython BaseTaskTests.test_cancel_task_catching and test_cancel_task_ignoring
    it('Task.cancel() that is caught does not touch later waits', async () => {
      const task = loop.createTask(function* () {
        yield* watch('first', future);
        yield* watch('second', sleep(1, 'slept'));
        return 42;
      });
      loop.callSoon(() => task.cancel());
      expect(await loop.runUntilComplete(task)).to.equal(42);
      expect([...log, task.cancelling()]).to.deep.equal(['first CancelledError', 'second got slept', 1]);
    });

    it('Task.cancel() lets finally wait, then ends the task as cancelled', async () => {
      const task = loop.createTask(function* () {
        try {
          yield* future;
        } finally {
          yield* sleep(5);
          note('cleaned up');
        }
      });
      loop.callSoon(() => task.cancel('m'));
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('m');
      expect([...log, loop.time(), task.cancelled()]).to.deep.equal(['cleaned up', 5, true]);
    });

    // CPython BaseTaskTests.test_cancel_twice_with_messages
    it('Task.cancel() twice before the task goes on throws once, the first', async () => {
      const [task] = await waiting();
      task?.cancel('a');
      task?.cancel('b');
      await runOnce(loop);
      await runOnce(loop);
      expect([log, task?.cancelling(), task?.done()]).to.deep.equal([['wait CancelledError: a'], 2, true]);
    });

    it('Task.cancel() again while it cleans up is thrown in the clean-up', async () => {
      const task = loop.createTask(function* () {
        try {
          yield* future;
        } finally {
          yield* watch('clean-up', sleep(5));
        }
      });
      loop.callLater(1, () => task.cancel('a'));
      loop.callLater(2, () => task.cancel('b'));
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('a');
      expect(log).to.deep.equal(['clean-up CancelledError: b']);
    });

    it('Task.cancel() that is answered with another error fails the task with that', async () => {
      const task = loop.createTask(function* () {
        try {
          yield* future;
        } catch {
          throw new RangeError('instead');
        }
      });
      loop.callSoon(() => task.cancel());
      expect(String(await rejection(loop.runUntilComplete(task)))).to.equal('RangeError: instead');
      expect(task.cancelled()).to.equal(false);
    });

    // CPython BaseTaskTests.test_cancel_in_coro, test_cancel_current_task
    it('Task.cancel() by itself is thrown at its next wait, which it cancels', async () => {
      await loop.runUntilComplete(function* () {
        currentTask()?.cancel('self');
        yield* watch(
          'bare',
          (function* () {
            yield;
          })(),
        );
        currentTask()?.cancel('again');
        yield* watch('wait', future);
      });
      expect([...log, future.cancelled()]).to.deep.equal([
        'bare CancelledError: self',
        'wait CancelledError: again',
        true,
      ]);
    });

    it('Task.cancel() by itself, with no wait to follow, cancels it', async () => {
      // eslint-disable-next-line require-yield -- it waits for nothing
      const task = loop.createTask(function* () {
        currentTask()?.cancel('end');
        return 5;
      });
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('end');
      expect(task.cancelled()).to.equal(true);
    });

    // CPython BaseTaskTests.test_uncancel_resets_must_cancel
    it('Task.uncancel() takes back a cancel() that nobody has thrown yet', async () => {
      const [task] = await waiting();
      future.setResult('result');
      task?.cancel();
      expect(task?.uncancel()).to.equal(0);
      await runOnce(loop);
      expect(log).to.deep.equal(['wait got result']);
    });

    it('Task.uncancel() leaves the error while other cancel()s stand', async () => {
      const [task] = await waiting();
      future.setResult('result');
      task?.cancel('a');
      task?.cancel('b');
      expect(task?.uncancel()).to.equal(1);
      await runOnce(loop);
      expect(log).to.deep.equal(['wait CancelledError: b']);
    });

    it('Task.cancel() goes through tasks that wait for tasks', async () => {
      const inner = loop.createTask(() => watch('inner', future), { name: 'inner' });
      const middle = loop.createTask(() => watch('middle', inner));
      const outer = loop.createTask(() => watch('outer', middle));
      await runOnce(loop);
      outer.cancel('m');
      await loop.runUntilComplete(outer);
      expect(log).to.deep.equal([
        'inner CancelledError: m',
        'middle got undefined', // inner caught it
        'outer got undefined',
      ]);
    });

    it('Task.cancel() that the future refuses is thrown when the wait ends', async () => {
      future.cancel = () => false;
      const [task] = await waiting();
      task?.cancel('meanwhile');
      await runOnce(loop);
      expect(log).to.deep.equal([]);
      future.setResult('result');
      await runOnce(loop);
      expect(log).to.deep.equal(['wait CancelledError: meanwhile']);
    });

    it('Task.cancel() by itself that the next future refuses is thrown when that wait ends', async () => {
      future.cancel = () => false;
      loop.callLater(1, () => future.setResult('result'));
      await loop.runUntilComplete(function* () {
        currentTask()?.cancel('kept');
        yield* watch('wait', future);
      });
      expect(log).to.deep.equal(['wait CancelledError: kept']);
    });

    it('Task.cancel() of a done task says false', async () => {
      const task = loop.createTask(function* () {
        yield;
        return 1;
      });
      await loop.runUntilComplete(task);
      expect([task.cancel(), task.cancelling(), task.result()]).to.deep.equal([false, 0, 1]);
    });

    it('Task.cancel() of ten thousand waiting tasks ends them in one iteration', async () => {
      const tasks = Array.from({ length: 10_000 }, () =>
        loop.createTask(function* () {
          yield* sleep(1000);
        }),
      );
      await runOnce(loop);
      for (const task of tasks) task.cancel();
      await runOnce(loop);
      expect(tasks.every((task) => task.cancelled())).to.equal(true);
    });
  });

  describe('How it ends', () => {
    it('Task has the result that the generator returns', async () => {
      const task = loop.createTask(function* () {
        yield;
        return 'result';
      });
      await loop.runUntilComplete(task);
      expect([task.result(), task.exception()]).to.deep.equal(['result', null]);
    });

    it('Task makes an Error of what is thrown that is none', async () => {
      // eslint-disable-next-line require-yield -- it has no time to
      const task = loop.createTask(function* () {
        throw 'text' as unknown as Error;
      });
      expect(await rejection(loop.runUntilComplete(task))).to.include({
        message: "Thrown: 'text'",
        cause: 'text',
      });
    });

    it('Task that throws CancelledError is cancelled, with its message', async () => {
      const task = loop.createTask(function* () {
        yield;
        throw new CancelledError('mine');
      });
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('mine');
      expect([task.cancelled(), task.cancelling()]).to.deep.equal([true, 0]);
    });

    // CPython BaseTaskTests.test_baseexception_during_cancel
    for (const error of [new SystemExit(3), new KeyboardInterrupt()]) {
      it(`Task that throws ${error.name} ends the loop, which can be run again`, async () => {
        const reports = reportsOf(loop);
        const task = loop.createTask(function* () {
          yield* sleep(1);
          throw error;
        });
        task.addDoneCallback(() => note('done'));
        expect(await rejection(loop.runForever())).to.equal(error);
        expect([loop.isRunning(), task.done()]).to.deep.equal([false, true]);
        await runOnce(loop);
        loop.close();
        expect([log, reports, task.exception()]).to.deep.equal([['done'], [], error]);
      });
    }

    it('Task that throws SystemExit in its first step ends the loop', async () => {
      const exit = new SystemExit(3);
      // eslint-disable-next-line require-yield -- it has no time to
      const main = function* (): Generator<unknown, void, unknown> {
        throw exit;
      };
      expect(await rejection(loop.runUntilComplete(main))).to.equal(exit);
    });

    it('Task that was cancelled may answer with KeyboardInterrupt', async () => {
      const interrupt = new KeyboardInterrupt();
      const task = loop.createTask(function* () {
        try {
          yield* future;
        } catch {
          throw interrupt;
        }
      });
      loop.callSoon(() => task.cancel());
      expect(await rejection(loop.runForever())).to.equal(interrupt);
      expect([task.cancelled(), task.exception()]).to.deep.equal([false, interrupt]);
    });

    it('Two tasks may not run one generator: the second finds it at its end', async () => {
      const generator = (function* () {
        yield;
        return 'result';
      })();
      const tasks = [loop.createTask(generator), loop.createTask(generator)];
      await runOnce(loop);
      await runOnce(loop);
      expect(tasks.map((task) => task.done())).to.deep.equal([true, true]);
    });

    it('Generator that steps its own task is refused by JavaScript, as the error of that step', async () => {
      const generators: Generator<unknown, void, unknown>[] = [];
      const main = function* (): Generator<unknown, void, unknown> {
        yield;
        generators[0]?.next();
      };
      generators.push(main());
      expect(await rejection(loop.runUntilComplete(generators[0]!))).to.be.instanceOf(TypeError);
    });
  });

  it('Task that waits for itself by way of another task waits for ever, and both can be cancelled', async () => {
    const tasks: Task<unknown>[] = [];
    for (const other of [1, 0]) {
      tasks.push(
        loop.createTask(function* () {
          yield* watch(`waits for ${other}`, tasks[other]!); // both exist when the loop runs
        }),
      );
    }
    await runOnce(loop);
    future.cancel();
    expect(() => future.result()).to.throw(CancelledError);
    expect(() => tasks[0]?.result()).to.throw(InvalidStateError);
    expect(tasks.map((task) => task.done())).to.deep.equal([false, false]);
  });
});
