import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { setImmediate as immediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  allTasks,
  type BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  currentTask,
  Future,
  InvalidStateError,
  LoopStateError,
  sleep,
  SystemExit,
  type Task,
} from '@ringloop/core';
import { expect } from 'chai';
import sinon from 'sinon';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

function refuse(): never {
  throw new RangeError('no default');
}

describe('core/task', () => {
  let loop: BaseEventLoop;
  let future: Future<string>;
  let log: string[];
  const note = (what: string): void => void log.push(what);

  /** Awaits, and notes how that ended. */
  async function watch<T>(name: string, awaited: PromiseLike<T>): Promise<void> {
    try {
      log.push(`${name} got ${String(await awaited)}`);
    } catch (thrown) {
      log.push(`${name} ${String(thrown)}`);
    }
  }

  /** Runs a main coroutine to its end. */
  const main = <T>(coroutine: () => PromiseLike<T>): Promise<T> => loop.runUntilComplete(coroutine);

  beforeEach(() => {
    loop = jumpingLoop();
    future = loop.createFuture();
    log = [];
  });

  describe('createTask()', () => {
    it('createTask() starts in the next iteration, in order with callbacks', async () => {
      loop.callSoon(note, 'before');
      loop.createTask(async () => {
        log.push('task');
        await Promise.resolve();
        log.push('task goes on');
      });
      loop.callSoon(note, 'after');
      expect(log).to.deep.equal([]);
      await runOnce(loop);
      expect(log).to.deep.equal(['before', 'task', 'after', 'task goes on']);
    });

    it('createTask() gives a future of what the coroutine returns or throws', async () => {
      const good = loop.createTask(() => Promise.resolve('good'));
      const bad = loop.createTask(() => Promise.reject(new RangeError('bad')));
      const odd = loop.createTask(() => {
        throw new RangeError('at once');
      });
      await main(() => Promise.allSettled([good, bad, odd]));
      expect([good.result(), bad.exception()?.message, odd.exception()?.message]).to.deep.equal([
        'good',
        'bad',
        'at once',
      ]);
    });

    it('createTask() fails as a generator function does when the default of a parameter throws', async () => {
      const task = loop.createTask(function* coroutine(value = refuse()): CoroutineGenerator<number> {
        return yield* sleep(0, value);
      });
      await main(() => Promise.allSettled([task]));
      expect(task.exception()?.message).to.equal('no default');
    });

    it('createTask() is done in its first step where a function has its result at once', async () => {
      const task = loop.createTask((() => 'plain') as unknown as () => Promise<string>); // JavaScript may
      await runOnce(loop);
      expect(task.result()).to.equal('plain');
    });

    it('createTask() accepts results and errors whose properties throw when they are read', async () => {
      const strict = new Proxy(new Error('strict'), {
        get(_, key) {
          throw new ReferenceError(`no setting ${String(key)}`);
        },
        has: () => true,
      });
      const { proxy: revoked, revoke } = Proxy.revocable({}, {});
      revoke();
      const odd = Object.defineProperty(new Error('odd'), 'stack', {
        get() {
          throw new RangeError('in a getter');
        },
      });
      const kinds = [strict, revoked, odd, Object.defineProperty(new Error('name'), 'name', { get: refuse })];
      for (const value of kinds) {
        const returned = loop.createTask((() => value) as unknown as () => Promise<unknown>);
        const thrown = loop.createTask(async () => {
          throw value;
        });
        const stepped = loop.createTask(function* (): CoroutineGenerator<never> {
          yield* sleep(0);
          throw value;
        });
        await main(() => Promise.allSettled([returned, thrown, stepped]));
        expect(returned.result()).to.equal(value);
        expect([thrown, stepped].every((task) => task.exception() !== null)).to.equal(true);
        expect([returned, thrown].map((task) => typeof inspect(task))).to.deep.equal(['string', 'string']);
      }
    });

    it('createTask() takes a promise, also one that rejects before the task starts', async () => {
      expect(await loop.runUntilComplete(Promise.resolve('there'))).to.equal('there');
      const failing = loop.createTask(Promise.reject(new Error('rejected early')));
      await immediate(); // unhandled, the rejection would fail the test run by now
      expect((await rejection(loop.runUntilComplete(failing))).message).to.equal('rejected early');
    });

    it('createTask() refuses what is no coroutine, and leaves nothing behind', () => {
      for (const value of [5, null, undefined, {}, 'spam']) {
        expect(() => loop.createTask(value as never)).to.throw(
          TypeError,
          'A Future, a coroutine or a promise is required, got ',
        );
      }
      loop.close();
      expect(() => loop.createTask(() => Promise.resolve())).to.throw(LoopStateError, 'Event loop is closed');
      expect(allTasks(loop).size).to.equal(0);
    });

    it('Task shows state, name and coroutine', async () => {
      const task = loop.createTask(
        async function fetchAll() {
          await future;
        },
        { name: 'fetcher' },
      );
      expect([task.getName(), inspect(task)]).to.deep.equal([
        'fetcher',
        "<Task pending name='fetcher' coro=<fetchAll()>>",
      ]);
      expect(loop.createTask(() => Promise.resolve()).getName()).to.match(/^Task-\d+$/);
      task.cancel();
      await rejection(loop.runUntilComplete(task));
      expect(inspect(task)).to.equal("<Task cancelled name='fetcher' coro=<fetchAll()>>");
    });

    // CPython BaseTaskTests.test_set_result_causes_invalid_state and test_set_exception_causes_invalid_state
    it('Task.setResult() and Task.setException() are refused', () => {
      const task = loop.createTask(() => Promise.resolve());
      expect(() => task.setResult()).to.throw(InvalidStateError, 'Task does not support setResult operation');
      expect(() => task.setException()).to.throw(
        InvalidStateError,
        'Task does not support setException operation',
      );
    });

    it('Task that throws SystemExit ends the loop, which can be run again', async () => {
      const exit = new SystemExit(3);
      const task = loop.createTask(async () => {
        await Promise.resolve();
        throw exit;
      });
      task.addDoneCallback(() => note('done'));
      expect(await rejection(loop.runForever())).to.equal(exit);
      expect([loop.isRunning(), task.exception()]).to.deep.equal([false, exit]);
      await runOnce(loop);
      expect(log).to.deep.equal(['done']);
    });

    it('Task that throws SystemExit before its first await ends the loop too', async () => {
      const exit = new SystemExit(3);
      const task = loop.createTask(() => {
        throw exit;
      });
      expect(await rejection(loop.runForever())).to.equal(exit);
      expect(task.exception()).to.equal(exit);
    });

    it('Task that throws SystemExit as the run ends, ends it with that', async () => {
      const exit = new SystemExit(3);
      const task = loop.createTask(async () => {
        await future;
        throw exit;
      });
      await runOnce(loop);
      future.setResult('go');
      expect(await rejection(runOnce(loop))).to.equal(exit);
      expect(task.exception()).to.equal(exit);
    });

    it('Task that goes on after the last batch schedules for the next run', async () => {
      loop.createTask(async () => {
        await future;
        loop.callSoon(note, 'scheduled by the task');
        log.push('task');
      });
      await runOnce(loop);
      future.setResult('go');
      await runOnce(loop);
      expect(log).to.deep.equal(['task']);
      await runOnce(loop);
      expect(log).to.deep.equal(['task', 'scheduled by the task']);
    });

    it('Task that outlives its loop stays pending', async () => {
      let finish: () => void = () => undefined;
      const task = loop.createTask(() => new Promise<void>((resolve) => (finish = resolve)));
      await runOnce(loop);
      loop.close();
      finish();
      await immediate();
      expect(task.done()).to.equal(false);
    });
  });

  describe('Await', () => {
    it('Task goes on between iterations, in the order its futures were settled', async () => {
      const other = loop.createFuture<string>();
      loop.createTask(() => watch('first', future));
      loop.createTask(() => watch('second', other));
      await runOnce(loop);
      other.setResult('2');
      future.setResult('1');
      loop.callSoon(note, 'callback');
      await runOnce(loop);
      expect(log).to.deep.equal(['callback', 'second got 2', 'first got 1']);
    });

    it('Task that awaits a pending future of another loop is told so', async () => {
      const foreign = jumpingLoop().createFuture<string>();
      const task = loop.createTask(async () => foreign, { name: 'mine' });
      const error = await rejection(loop.runUntilComplete(task));
      expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
      expect(error.message).to.match(
        /^Task <Task .*'mine'.*> got Future <Future pending> attached to a different loop$/,
      );
    });

    it('Task can await a done future of another loop', async () => {
      const foreign = jumpingLoop().createFuture<string>();
      foreign.setResult('done');
      expect(await main(async () => foreign)).to.equal('done');
    });

    // CPython BaseTaskTests.test_task_cancel_itself has the message
    it('Task cannot await itself', async () => {
      const task: Task<unknown> = loop.createTask(async () => {
        await task;
      });
      expect((await rejection(loop.runUntilComplete(task))).message).to.match(
        /^Task cannot await on itself: <Task pending /,
      );
      const returned: Task<unknown> = loop.createTask(() => returned);
      expect((await rejection(loop.runUntilComplete(returned))).message).to.match(
        /^Task cannot await on itself/,
      );
    });
  });

  describe('Task.cancel()', () => {
    /** A task that awaits `future`, one iteration old; it tells how the await ended and goes on. */
    async function waiting(): Promise<[Task<void>]> {
      const task = loop.createTask(() => watch('await', future));
      await runOnce(loop);
      return [task]; // an async function that returns a task waits for it
    }

    it('Task.cancel() before the start keeps the coroutine from running', async () => {
      const task = loop.createTask(() => Promise.resolve(log.push('ran')));
      expect(task.cancel('early')).to.equal(true);
      const error = await rejection(loop.runUntilComplete(task));
      expect(error).to.be.instanceOf(CancelledError).with.property('message', 'early');
      expect([log, task.cancelled()]).to.deep.equal([[], true]);
    });

    // CPython BaseTaskTests.test_cancel and test_cancel_with_message_then_future_result
    it('Task.cancel() makes the await throw, and cancels what is awaited', async () => {
      const task = loop.createTask(async () => {
        await future;
      });
      await runOnce(loop);
      expect(task.cancel('enough')).to.equal(true);
      expect([task.done(), future.cancelled()]).to.deep.equal([false, true]);
      const error = await rejection(loop.runUntilComplete(task));
      expect(error).to.be.instanceOf(CancelledError).with.property('message', 'enough');
      expect([task.cancelled(), task.cancel()]).to.deep.equal([true, false]);
    });

    // CPython BaseTaskTests.test_cancel_task_catching
    it('Task.cancel() that is caught lets the task finish', async () => {
      const [task] = await waiting();
      task.cancel();
      await loop.runUntilComplete(task);
      expect([log, task.cancelled(), task.cancelling()]).to.deep.equal([['await CancelledError'], false, 1]);
    });

    // CPython BaseTaskTests.test_cancel_task_ignoring
    it('Task.cancel() that is caught does not touch later awaits', async () => {
      const later = loop.createFuture<string>();
      const task = loop.createTask(async () => {
        await watch('first', future);
        await watch('second', later);
        return 'result';
      });
      await runOnce(loop);
      task.cancel();
      await runOnce(loop);
      later.setResult('later');
      expect(await loop.runUntilComplete(task)).to.equal('result');
      expect(log).to.deep.equal(['first CancelledError', 'second got later']);
    });

    // Checked against CPython 3.11.
    it('Task.cancel() twice before the task goes on throws one CancelledError, the first', async () => {
      const task = loop.createTask(async () => {
        await watch('first', future);
        await watch('second', sleep(0, 'slept'));
        await watch('third', sleep(1, 'slept'));
      });
      await runOnce(loop);
      task.cancel('a');
      task.cancel('b');
      await loop.runUntilComplete(task);
      expect(log).to.deep.equal(['first CancelledError: a', 'second got slept', 'third got slept']);
      expect([task.cancelled(), task.cancelling()]).to.deep.equal([false, 2]);
    });

    it('Task.cancel() again, after the first was caught, throws again', async () => {
      const task = loop.createTask(async () => {
        await watch('first', future);
        await watch('second', loop.createFuture());
      });
      await runOnce(loop);
      task.cancel('a');
      await runOnce(loop);
      task.cancel('b');
      await loop.runUntilComplete(task);
      expect(log).to.deep.equal(['first CancelledError: a', 'second CancelledError: b']);
    });

    // Checked against CPython 3.11.
    it('Task.cancel() propagates into an awaited task', async () => {
      const inner = async (): Promise<void> => {
        await future.then(undefined, (reason: unknown) => {
          log.push(`inner ${String(reason)}`);
          throw reason as Error;
        });
      };
      const outer = loop.createTask(async () => {
        try {
          await loop.createTask(inner);
        } catch (thrown) {
          log.push(`outer ${String(thrown)}`);
          throw thrown;
        }
      });
      await runOnce(loop);
      await runOnce(loop);
      outer.cancel('m');
      await loop.runUntilComplete(() => watch('awaiter', outer));
      expect(log).to.deep.equal([
        'inner CancelledError: m',
        'outer CancelledError: m',
        'awaiter CancelledError: m',
      ]);
    });

    // Checked against CPython 3.11. CPython BaseTaskTests.test_cancel_with_message_before_starting_task and kin
    it('Task.cancel() between result and wake-up wins over the result', async () => {
      const [task] = await waiting();
      future.setResult('too late');
      expect(task.cancel('late')).to.equal(true);
      await loop.runUntilComplete(task);
      expect([log, task.cancelled()]).to.deep.equal([['await CancelledError: late'], false]);
    });

    it('Task.cancel() between failure and wake-up wins over the failure', async () => {
      const [task] = await waiting();
      future.setException(new Error('boom'));
      task.cancel('late');
      await loop.runUntilComplete(task);
      expect(log).to.deep.equal(['await CancelledError: late']);
    });

    // Checked against CPython 3.11.
    it('Task.cancel() by the task itself cancels what it awaits next', async () => {
      const task = loop.createTask(async () => {
        currentTask()?.cancel('self');
        await watch('await', future);
      });
      await loop.runUntilComplete(task);
      expect([log, future.cancelled(), task.cancelled()]).to.deep.equal([
        ['await CancelledError: self'],
        true,
        false,
      ]);
    });

    // CPython BaseTaskTests.test_cancel_current_task
    it('Task.cancel() by the task itself cancels it when it awaits nothing more', async () => {
      const task = loop.createTask(async () => {
        currentTask()?.cancel('end');
        await Promise.resolve();
        return 5;
      });
      const error = await rejection(loop.runUntilComplete(task));
      expect([error.message, task.cancelled()]).to.deep.equal(['end', true]);
    });

    it('Task.cancel() during the await of a promise is thrown at the next await of a future', async () => {
      let resolve: (value: string) => void = () => undefined;
      const promise = new Promise<string>((settle) => (resolve = settle));
      const task = loop.createTask(async () => {
        await watch('promise', promise);
        await watch('future', future);
      });
      await runOnce(loop);
      expect(task.cancel('pending')).to.equal(true);
      resolve('value');
      await loop.runUntilComplete(task);
      expect(log).to.deep.equal(['promise got value', 'future CancelledError: pending']);
    });

    it('Task.cancel() reaches a future that the coroutine returns', async () => {
      const task = loop.createTask(() => future);
      await runOnce(loop);
      task.cancel();
      expect(future.cancelled()).to.equal(true);
      await rejection(loop.runUntilComplete(task));
      expect(task.cancelled()).to.equal(true);
    });

    it('Task.cancel() reaches every future under Promise.all()', async () => {
      const futures = [loop.createFuture(), loop.createFuture(), loop.createFuture()];
      const nested = async (): Promise<void> => {
        await futures[2];
      };
      const task = loop.createTask(() => watch('all', Promise.all([futures[0], futures[1], nested()])));
      await runOnce(loop);
      task.cancel('all of you');
      await loop.runUntilComplete(task);
      expect(log).to.deep.equal(['all CancelledError: all of you']);
      expect(futures.map((each) => each.cancelled())).to.deep.equal([true, true, true]);
    });

    it('Task.cancel() that the awaited future refuses is thrown when the wait ends', async () => {
      const other = loop.createFuture<string>();
      future.cancel = () => false;
      other.cancel = () => false;
      const self = loop.createTask(async () => {
        currentTask()?.cancel('before');
        await watch('self', other);
      });
      const [waiter] = await waiting();
      waiter.cancel('meanwhile');
      other.setResult('result');
      future.setResult('result');
      await main(() => Promise.all([self, waiter]));
      expect(log).to.deep.equal(['self CancelledError: before', 'await CancelledError: meanwhile']);
    });

    it('Promise.all() over futures gives their results in a task', async () => {
      const futures = [loop.createFuture<string>(), future];
      loop.callLater(2, () => futures[0]!.setResult('a'));
      loop.callLater(1, () => futures[1]!.setResult('b'));
      expect(await main(() => Promise.all(futures))).to.deep.equal(['a', 'b']);
    });

    it('Task.cancel() wins over a Promise.race() that is decided but has not gone on', async () => {
      const other = loop.createFuture<string>();
      const task = loop.createTask(() => watch('race', Promise.race([future, other])));
      await runOnce(loop);
      future.setResult('winner');
      task.cancel('late');
      await loop.runUntilComplete(task);
      expect(log).to.deep.equal(['race CancelledError: late']);
    });

    // CPython BaseTaskTests.test_uncancel_basic
    it('Task.uncancel() counts down, and at 0 takes back what was not delivered', async () => {
      const task = loop.createTask(async () => {
        const self = currentTask()!; // within a task
        self.cancel();
        self.cancel();
        log.push([self.cancelling(), self.uncancel(), self.uncancel(), self.uncancel()].join());
        await watch('await', sleep(1, 'slept'));
      });
      await loop.runUntilComplete(task);
      expect(log).to.deep.equal(['2,1,0,0', 'await got slept']);
    });

    it('Task that throws CancelledError of its own accord is cancelled', async () => {
      const task = loop.createTask(async () => {
        await Promise.resolve();
        throw new CancelledError('mine');
      });
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('mine');
      expect(task.cancelled()).to.equal(true);
    });
  });

  describe('AbortSignal', () => {
    it('createTask() gives a coroutine that declares a parameter a signal, which cancel() aborts', async () => {
      const task = loop.createTask(async (signal: AbortSignal) => {
        await watch(
          'node',
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
        );
        log.push(`aborted ${String(signal.aborted)}`);
      });
      await runOnce(loop);
      task.cancel('stop it');
      await rejection(loop.runUntilComplete(task)); // nothing else could be told: it ends cancelled
      expect([...log, task.cancelled()]).to.deep.equal([
        'node CancelledError: stop it',
        'aborted true',
        true,
      ]);
    });

    it('cancel() that a Node function answered with an AbortError leaves the task cancelled, not failed', async () => {
      const task = loop.createTask((signal: AbortSignal) => delay(1e6, undefined, { signal }));
      await runOnce(loop);
      task.cancel('enough');
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('enough');
      expect(task.cancelled()).to.equal(true);
    });

    it('createTask() gives other coroutines no argument', async () => {
      const coroutine = sinon.spy(async () => Promise.resolve());
      Object.defineProperty(coroutine, 'length', { value: 0 });
      await loop.runUntilComplete(coroutine);
      expect(coroutine.args).to.deep.equal([[]]);
    });
  });

  describe('currentTask()', () => {
    const name = (): string => currentTask()?.getName() ?? 'none';

    it('currentTask() is the task across all kinds of await', async () => {
      loop.callLater(1, () => future.setResult('done'));
      const coroutine = async (): Promise<string[]> => {
        const names = [name()];
        await Promise.resolve();
        names.push(name());
        await future;
        names.push(name());
        await sleep(0);
        names.push(name());
        await sleep(1);
        names.push(name());
        await immediate();
        names.push(name());
        await loop.createTask(() => Promise.resolve(names.push(name())), { name: 'inner' });
        names.push(name());
        await rejection(Promise.reject(new Error('no')));
        names.push(name());
        return names;
      };
      const task = loop.createTask(coroutine, { name: 'me' });
      expect(await loop.runUntilComplete(task)).to.deep.equal([
        'me',
        'me',
        'me',
        'me',
        'me',
        'me',
        'inner',
        'me',
        'me',
      ]);
    });

    it('currentTask() is each task in its own steps when they alternate', async () => {
      const coroutine = async (): Promise<void> => {
        for (let i = 0; i < 3; i++) {
          log.push(name());
          await sleep(0);
        }
      };
      const tasks = ['a', 'b'].map((each) => loop.createTask(coroutine, { name: each }));
      await main(() => Promise.all(tasks));
      expect(log).to.deep.equal(['a', 'b', 'a', 'b', 'a', 'b']);
    });

    it('currentTask() is null in callbacks that a task schedules, and outside', async () => {
      await main(async () => {
        loop.callSoon(() => log.push(`soon ${name()}`));
        loop.callLater(0, () => log.push(`later ${name()}`));
        future.addDoneCallback(() => log.push(`done ${name()}`));
        future.setResult('');
        await sleep(1);
      });
      log.push(`outside ${name()}`);
      expect(log).to.deep.equal(['soon none', 'done none', 'later none', 'outside none']);
    });
  });

  describe('What a task tells of itself', () => {
    // CPython BaseTaskTests.test_set_name_compat, test_get_set_name…
    it('Task.getName() is the name given or one of its own, until setName()', () => {
      const names = [1, 2].map(() => loop.createTask(() => Promise.resolve()).getName());
      const [first, second] = names.map((name) => Number(/^Task-(\d+)$/.exec(name)?.[1]));
      expect(second).to.equal(Number(first) + 1);
      const task = loop.createTask(() => Promise.resolve(), { name: '' });
      expect(task.getName()).to.equal('');
      task.setName('later');
      expect([task.getName(), inspect(task).includes("name='later'")]).to.deep.equal(['later', true]);
    });

    it('Task.getCoro() is what createTask() was given', () => {
      const asyncFunction = async (): Promise<void> => Promise.resolve();
      const generator = (function* () {
        yield;
      })();
      const promise = Promise.resolve();
      for (const coroutine of [asyncFunction, generator, promise]) {
        expect(loop.createTask(coroutine).getCoro()).to.equal(coroutine);
      }
    });

    it('Task.getContext() is the context it runs in, with what it has stored there', async () => {
      const storage = new AsyncLocalStorage<string>();
      const see = (): unknown => storage.getStore();
      const stored = (task: Task<unknown>): unknown => task.getContext().runInAsyncScope(see);
      const task = storage.run('created', () =>
        loop.createTask(function* () {
          storage.enterWith('stored');
          yield;
        }),
      );
      const plain = loop.createTask(() => Promise.resolve());
      expect([stored(task), stored(plain)]).to.deep.equal(['created', undefined]);
      await runOnce(loop);
      expect(stored(task)).to.equal('stored');
      const context = storage.run('given', () => new AsyncResource('test'));
      expect(loop.createTask(() => Promise.resolve(), { context }).getContext()).to.equal(context);
    });

    // CPython BaseTaskTests.test_task_repr, test_task_repr_wait_for
    it('Task shows what it waits for, and that it is being cancelled', async () => {
      const inner = loop.createTask(
        function* inner() {
          yield* future;
        },
        { name: 'inner' },
      );
      const outer = loop.createTask(
        async function outer() {
          await Promise.all([inner, future]);
        },
        { name: 'outer' },
      );
      await runOnce(loop);
      expect(inspect(inner)).to.equal("<Task pending name='inner' coro=<inner()> waitFor=<Future pending>>");
      expect(inspect(outer)).to.equal(
        "<Task pending name='outer' coro=<outer()> waitFor=<Task pending> waitFor=<Future pending>>",
      );
      future.setResult('done');
      expect(inspect(inner)).to.equal("<Task pending name='inner' coro=<inner()> waitFor=<Future finished>>");
      inner.cancel();
      expect(inspect(inner)).to.equal(
        "<Task cancelling name='inner' coro=<inner()> waitFor=<Future finished>>",
      );
      await rejection(loop.runUntilComplete(outer));
      expect([inspect(inner), inspect(outer)]).to.deep.equal([
        "<Task cancelled name='inner' coro=<inner()>>",
        "<Task cancelled name='outer' coro=<outer()>>",
      ]);
    });

    it('Task shows that the future it waits for was cancelled', async () => {
      const task = loop.createTask(() => watch('await', future), { name: 'me' });
      await runOnce(loop);
      future.cancel();
      expect(inspect(task)).to.match(
        /^<Task pending name='me' coro=<\(anonymous\)\(\)> waitFor=<Future cancelled>>$/,
      );
      await loop.runUntilComplete(task);
    });

    it('Task shows its outcome last', async () => {
      const tasks = [
        loop.createTask(async () => Promise.resolve({ a: 1 }), { name: 'good' }),
        loop.createTask(() => Promise.reject(new RangeError('it is bad')), { name: 'bad' }),
      ];
      await main(() => Promise.allSettled(tasks));
      expect(tasks.map((task) => inspect(task))).to.deep.equal([
        "<Task finished name='good' coro=<(anonymous)()> result={ a: 1 }>",
        "<Task finished name='bad' coro=<(anonymous)()> exception=RangeError('it is bad')>",
      ]);
    });

    it('Task shows a coroutine without a proper name', () => {
      // eslint-disable-next-line @typescript-eslint/no-extraneous-class -- what counts is its name
      class Odd {
        static name = Symbol('odd'); // as classes may have
      }
      const coroutine = Object.defineProperty(() => Promise.resolve(), 'name', { value: Symbol('odd') });
      for (const each of [coroutine, Promise.resolve(), Odd as never]) {
        expect(inspect(loop.createTask(each, { name: 'x' }))).to.equal(
          "<Task pending name='x' coro=<(anonymous)()>>",
        );
      }
    });

    it('Task shows in debug mode where it was created', () => {
      loop.setDebug(true);
      const task = loop.createTask(() => Promise.resolve(), { name: 'x' });
      expect(inspect(task)).to.match(
        /^<Task pending name='x' coro=<\(anonymous\)\(\)> created at \/.*task\.test\.[jt]s:\d+:\d+>$/,
      );
      expect(task.sourceTraceback?.split('\n')[0]).to.match(/task\.test\.[jt]s:\d+:\d+\)?$/);
    });
  });

  it('Task.cancel() before the start cancels what runs already, if it can be', async () => {
    const cancelled: string[] = [];
    const call = Object.assign(new Promise(() => undefined), { cancel: () => cancelled.push('the call') });
    for (const running of [call, Promise.resolve('a plain promise')]) {
      const task = loop.createTask(running);
      task.cancel('early');
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('early');
    }
    expect(cancelled).to.deep.equal(['the call']);
  });

  // CPython SetMethodsTest.test_set_result_causes_invalid_state
  it('Task that was settled behind its back is not stepped, which is reported', async () => {
    for (const coroutine of [
      async () => sleep(1),
      function* () {
        yield* sleep(1);
      },
    ]) {
      const reports = reportsOf(loop);
      const task: Task<unknown> = loop.createTask(coroutine);
      await runOnce(loop);
      Future.prototype.setResult.call(task, 'spam');
      expect(await loop.runUntilComplete(task)).to.equal('spam');
      await loop.runUntilComplete(() => sleep(2));
      expect(
        reports.map(({ message, exception, task: subject }) => [message, exception?.name, subject]),
      ).to.deep.equal([['Exception in the step of a task', 'InvalidStateError', task]]);
    }
  });

  it('Task that was settled behind its back before it started does not start', async () => {
    const reports = reportsOf(loop);
    const task = loop.createTask(async () => note('ran'));
    Future.prototype.setException.call(task, new Error('spam'));
    expect((await rejection(loop.runUntilComplete(task))).message).to.equal('spam');
    await runOnce(loop);
    expect([log, reports.map(({ exception }) => exception?.message.split(':')[0])]).to.deep.equal([
      [],
      ['step()'],
    ]);
  });

  it('Task of a closed loop ends without a word to anybody', async () => {
    const reports = reportsOf(loop);
    let fail: (error: Error) => void = () => undefined;
    const task = loop.createTask(() => new Promise<void>((_, reject) => (fail = reject)));
    await runOnce(loop);
    loop.close();
    reports.length = 0; // close() has told of the task
    fail(new Error('too late'));
    await immediate();
    expect([task.done(), reports]).to.deep.equal([false, []]);
  });

  it('Task that throws SystemExit on a closed loop ends nothing', async () => {
    reportsOf(loop);
    let fail: (error: Error) => void = () => undefined;
    const task = loop.createTask(() => new Promise<void>((_, reject) => (fail = reject)));
    await runOnce(loop);
    loop.close();
    fail(new SystemExit());
    await immediate();
    expect([task.done(), loop.isClosed()]).to.deep.equal([false, true]);
  });

  it('Task.uncancel() leaves alone what was delivered, and counts to 0', async () => {
    const task = loop.createTask(() => watch('await', future));
    await runOnce(loop);
    task.cancel('m');
    expect([task.uncancel(), task.uncancel(), task.cancelling()]).to.deep.equal([0, 0, 0]);
    await loop.runUntilComplete(task);
    expect(log).to.deep.equal(['await CancelledError: m']);
  });

  it('Task reports nothing by itself', async () => {
    const reports = reportsOf(loop);
    const task = loop.createTask(() => watch('await', future));
    loop.callLater(1, () => task.cancel());
    await loop.runUntilComplete(task);
    expect(reports).to.deep.equal([]);
  });
});
