import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type BaseEventLoop,
  type CancelledError,
  currentTask,
  type Future,
  LoopStateError,
  sleep,
  SystemExit,
  type Task,
} from '@ringloop/core';
import { expect } from 'chai';
import { coreFile } from './core-file.js';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

const { startCoroutine } = (await coreFile(
  'running-coroutine',
)) as typeof import('../../packages/core/dist/running-coroutine.js');

describe('core/running-coroutine', () => {
  let loop: BaseEventLoop;
  let future: Future<string>;
  let log: string[];
  const note = (what: string): void => void log.push(what);

  /** What a library function might be: waits for `future` and tells how that went. */
  function* waiting(name = 'coroutine'): Generator<unknown, string, unknown> {
    log.push(`${name} begins`);
    try {
      const result = yield* future;
      log.push(`${name} got ${result}`);
      return `${name}: ${result}`;
    } catch (thrown) {
      log.push(`${name} ${String(thrown)}`);
      throw thrown;
    }
  }

  beforeEach(() => {
    loop = jumpingLoop({ stopMode: 'batch' }); // runOnce() is one iteration then
    future = loop.createFuture();
    log = [];
  });

  it('startCoroutine() begins at once, up to the first wait', () => {
    startCoroutine(waiting(), loop);
    expect(log).to.deep.equal(['coroutine begins']);
  });

  it('startCoroutine() of one that need not wait is done when it returns', () => {
    future.setResult('there');
    const coroutine = startCoroutine(waiting(), loop);
    expect([coroutine.done(), coroutine.result()]).to.deep.equal([true, 'coroutine: there']);
  });

  it('startCoroutine() needs a loop that runs, or is given', () => {
    expect(() => startCoroutine(waiting())).to.throw(LoopStateError, 'no running event loop');
    expect(log).to.deep.equal([]);
  });

  for (const kind of ['generator', 'async'] as const) {
    const through = (name: string): Task<void> =>
      kind === 'generator'
        ? loop.createTask(function* () {
            log.push(yield* startCoroutine(waiting(name)));
          })
        : loop.createTask(async () => {
            log.push(await startCoroutine(waiting(name)));
          });

    it(`Task of kind ${kind} goes on in the step in which the coroutine ends`, async () => {
      through('c');
      await runOnce(loop);
      future.addDoneCallback(() => note('callback'));
      future.setResult('result');
      loop.callSoon(() => loop.callSoon(note, 'next iteration'));
      await runOnce(loop);
      await runOnce(loop);
      expect(log.slice(0, 2)).to.deep.equal(['c begins', 'c got result']);
      expect(log.indexOf('c: result')).to.be.below(log.indexOf('next iteration'));
    });

    it(`Task.cancel() of kind ${kind} is thrown in the coroutine, which passes it on`, async () => {
      const task = through('c');
      await runOnce(loop);
      task.cancel('enough');
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('enough');
      expect([log, task.cancelled(), future.cancelled()]).to.deep.equal([
        ['c begins', 'c CancelledError: enough'],
        true,
        true,
      ]);
    });

    it(`Task.cancel() of kind ${kind} after the future was done wins`, async () => {
      const task = through('c');
      await runOnce(loop);
      future.setResult('too late');
      task.cancel('late');
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('late');
      expect(log).to.deep.equal(['c begins', 'c CancelledError: late']);
    });

    it(`Task.cancel() of kind ${kind} at a bare yield is thrown there`, async () => {
      const spinning = function* (): Generator<unknown, never, unknown> {
        try {
          for (;;) yield;
        } finally {
          note('cleaned up');
        }
      };
      const task =
        kind === 'generator'
          ? loop.createTask(function* () {
              yield* startCoroutine(spinning());
            })
          : loop.createTask(async () => {
              await startCoroutine(spinning());
            });
      await runOnce(loop);
      await runOnce(loop);
      task.cancel('enough');
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('enough');
      expect(log).to.deep.equal(['cleaned up']);
    });

    it(`Task.cancel() of kind ${kind} twice is one error`, async () => {
      const task = through('c');
      await runOnce(loop);
      task.cancel('a');
      task.cancel('b');
      expect((await rejection(loop.runUntilComplete(task))).message).to.equal('a');
      expect([log.length, task.cancelling()]).to.deep.equal([2, 2]);
    });

    it(`Coroutine that throws fails the task of kind ${kind}, and nobody else is told`, async () => {
      const reports = reportsOf(loop);
      const task = through('c');
      await runOnce(loop);
      future.setException(new RangeError('bad'));
      expect(String(await rejection(loop.runUntilComplete(task)))).to.equal('RangeError: bad');
      loop.close();
      expect(reports).to.deep.equal([]);
    });

    it(`currentTask() in the coroutine is the task of kind ${kind}, at each step`, async () => {
      const seen: unknown[] = [];
      const looking = function* (): Generator<unknown, void, unknown> {
        seen.push(currentTask());
        yield* sleep(1);
        seen.push(currentTask());
        yield;
        seen.push(currentTask());
      };
      const task =
        kind === 'generator'
          ? loop.createTask(function* () {
              yield* startCoroutine(looking());
            })
          : loop.createTask(async () => {
              await startCoroutine(looking());
            });
      await loop.runUntilComplete(task);
      expect(seen).to.deep.equal([task, task, task]);
    });
  }

  it('Coroutine that has ended can be waited for, as often as you like', async () => {
    future.setResult('there');
    const results = await loop.runUntilComplete(async () => {
      const coroutine = startCoroutine(waiting());
      const inGenerator = loop.createTask(function* () {
        return yield* coroutine;
      });
      return [await coroutine, await coroutine, await inGenerator];
    });
    expect(results).to.deep.equal(['coroutine: there', 'coroutine: there', 'coroutine: there']);
  });

  it('Coroutine that several wait for ends for all of them', async () => {
    const coroutine = startCoroutine(waiting(), loop);
    const tasks = [
      loop.createTask(async () => `async ${await coroutine}`),
      loop.createTask(function* () {
        return `generator ${yield* coroutine}`;
      }),
      loop.createTask(function* () {
        return `another ${yield* coroutine}`;
      }),
    ];
    loop.callLater(1, () => future.setResult('x'));
    expect(await loop.runUntilComplete(() => Promise.all(tasks))).to.deep.equal([
      'async coroutine: x',
      'generator coroutine: x',
      'another coroutine: x',
    ]);
  });

  it('Coroutine that has ended can be yielded, which takes the loop', async () => {
    future.setResult('there');
    const coroutine = startCoroutine(waiting(), loop);
    const task = loop.createTask(function* (): Generator<unknown, unknown, unknown> {
      return yield coroutine;
    });
    await runOnce(loop);
    expect(task.done()).to.equal(false);
    await runOnce(loop);
    expect(task.result()).to.equal('coroutine: there');
  });

  it('Coroutine that one awaits and another delegates to fails for both when the other is cancelled', async () => {
    const coroutine = startCoroutine(waiting(), loop);
    const awaiting = loop.createTask(async () => rejection(coroutine));
    const delegating = loop.createTask(function* () {
      return yield* coroutine;
    });
    await runOnce(loop);
    delegating.cancel('enough');
    expect((await loop.runUntilComplete(awaiting)).message).to.equal('enough');
    expect([delegating.cancelled(), coroutine.cancelled(), log]).to.deep.equal([
      true,
      true,
      ['coroutine begins', 'coroutine CancelledError: enough'],
    ]);
  });

  it('Coroutine that nobody waits for goes on, and tells the loop of its error at the end', async () => {
    const reports = reportsOf(loop);
    startCoroutine(waiting('kept'), loop);
    startCoroutine(waiting('lost'), loop).cancel('lost');
    await runOnce(loop);
    expect(log).to.deep.equal([
      'kept begins',
      'lost begins',
      'kept CancelledError: lost',
      'lost CancelledError: lost',
    ]);
    const failing = loop.createFuture<string>();
    future = failing;
    startCoroutine(waiting(), loop);
    failing.setException(new Error('boom'));
    await runOnce(loop);
    loop.close();
    expect(reports.map(({ message, exception }) => [message, exception?.message])).to.deep.equal([
      ['RunningCoroutine exception was never retrieved', 'boom'],
    ]);
  });

  it('Coroutine that catches a cancellation goes on, and the task with it', async () => {
    const patient = function* (): Generator<unknown, string, unknown> {
      try {
        yield* future;
      } catch (thrown) {
        yield* sleep(1);
        return `caught ${(thrown as CancelledError).message}`;
      }
      return 'never';
    };
    const tasks = [
      loop.createTask(function* () {
        return yield* startCoroutine(patient());
      }),
      loop.createTask(async () => startCoroutine(patient())),
    ];
    await runOnce(loop);
    for (const task of tasks) task.cancel('m');
    await loop.runUntilComplete(() => Promise.all(tasks));
    expect(tasks.map((task) => [task.result(), task.cancelling()])).to.deep.equal([
      ['caught m', 1],
      ['caught m', 1],
    ]);
  });

  it('Coroutine that ends the loop does so, from its first step and from a later one', async () => {
    const exit = new SystemExit(3);
    const leaving = function* (delay: number): Generator<unknown, void, unknown> {
      if (delay > 0) yield* sleep(delay);
      throw exit;
    };
    for (const delay of [0, 1]) {
      const reports = reportsOf(loop);
      const task = loop.createTask(function* () {
        yield* startCoroutine(leaving(delay));
      });
      expect(await rejection(loop.runForever())).to.equal(exit);
      expect([task.exception(), reports]).to.deep.equal([exit, []]);
      const async = loop.createTask(async () => {
        await startCoroutine(leaving(delay));
      });
      expect(await rejection(loop.runForever())).to.equal(exit);
      async.cancel();
    }
  });

  // CPython 3.12, 3.13: the task keeps it for its next wait
  it('cancel() that a coroutine gave its own task is thrown at the next wait', async () => {
    for (const kind of ['generator', 'async']) {
      log = [];
      const suicidal = function* (): Generator<unknown, void, unknown> {
        yield* sleep(1);
        currentTask()?.cancel('x');
      };
      const task =
        kind === 'generator'
          ? loop.createTask(function* () {
              yield* startCoroutine(suicidal());
              note('after the coroutine');
              yield* sleep(1);
            })
          : loop.createTask(async () => {
              await startCoroutine(suicidal());
              note('after the coroutine');
              await sleep(1);
            });
      expect((await rejection(loop.runUntilComplete(task))).message, kind).to.equal('x');
      expect(log, kind).to.deep.equal(['after the coroutine']);
    }
  });

  it('Task.uncancel() takes back what has not been thrown in a coroutine yet', async () => {
    const tasks = [
      loop.createTask(function* () {
        return yield* startCoroutine(waiting('c'));
      }),
      loop.createTask(async () => startCoroutine(waiting('c'))),
    ];
    await runOnce(loop);
    future.setResult('result');
    for (const task of tasks) {
      task.cancel('y');
      task.uncancel();
    }
    expect(await loop.runUntilComplete(() => Promise.all(tasks))).to.deep.equal(['c: result', 'c: result']);
  });

  it('cancel() of a coroutine itself, before it is delegated to, is thrown in it', async () => {
    const caught = function* (
      wait: Iterable<unknown, unknown, unknown>,
    ): Generator<unknown, string, unknown> {
      try {
        yield* wait;
      } catch (thrown) {
        return `caught ${String(thrown)}`;
      }
      return 'nothing thrown';
    };
    const bare = function* (): Generator<unknown, void, unknown> {
      yield;
    };
    for (const wait of [bare(), future]) {
      const task = loop.createTask(function* () {
        log.push(yield* coroutine);
      });
      const coroutine = startCoroutine(caught(wait), loop); // its next step comes after the task's first
      if (wait === future) future.setResult('too late'); // it cannot be cancelled any more
      expect(coroutine.cancel('at once')).to.equal(true);
      await loop.runUntilComplete(task);
    }
    expect(log).to.deep.equal(['caught CancelledError: at once', 'caught CancelledError: at once']);
  });

  it('cancel() of a coroutine itself, and then of the task that delegates to it, is one error', async () => {
    const spinning = function* (): Generator<unknown, void, unknown> {
      try {
        for (;;) yield;
      } catch (thrown) {
        log.push(String(thrown));
      }
      yield;
      note('goes on');
    };
    const task = loop.createTask(function* () {
      yield* coroutine;
    });
    const coroutine = startCoroutine(spinning(), loop); // its next step comes after the task's first
    coroutine.cancel('coroutine');
    await runOnce(loop);
    task.cancel('task');
    await loop.runUntilComplete(task);
    expect(log).to.deep.equal(['CancelledError: task', 'goes on']);
  });

  it('cancel() of a coroutine that has ended says false', () => {
    future.setResult('there');
    const coroutine = startCoroutine(waiting(), loop);
    expect([coroutine.cancel(), coroutine.cancelled()]).to.deep.equal([false, false]);
  });

  it('Coroutine that is delegated to by a generator that nobody steps to its end is closed with it', () => {
    const cleaning = function* (): Generator<unknown, void, unknown> {
      try {
        yield* future;
      } finally {
        note('cleaned up');
      }
    };
    const coroutine = startCoroutine(cleaning(), loop);
    const delegate: Generator<unknown, unknown> = coroutine[Symbol.iterator]();
    expect(delegate.next().value).to.equal(future);
    expect(coroutine.driver).to.equal(null); // no task of ours
    delegate.return('cut short');
    expect(log).to.deep.equal(['cleaned up']);
  });

  it('Coroutine that nobody waits for keeps the context of who called it', async () => {
    const storage = new AsyncLocalStorage<string>();
    const looking = function* (): Generator<unknown, void, unknown> {
      log.push(String(storage.getStore()));
      yield* sleep(1);
      log.push(String(storage.getStore()), String(currentTask()?.getName()));
    };
    loop.createTask(
      function* () {
        storage.run('here', () => startCoroutine(looking()));
        storage.enterWith('there');
        yield* sleep(2);
      },
      { name: 'owner' },
    );
    loop.callLater(3, () => loop.stop());
    await loop.runForever();
    expect(log).to.deep.equal(['here', 'here', 'owner']);
  });

  it('driver of a coroutine is itself, and then who delegates to it', async () => {
    const drivers: unknown[] = [];
    const inner = startCoroutine(waiting('inner'), loop);
    const outer = startCoroutine(
      (function* (): Generator<unknown, string, unknown> {
        yield;
        return yield* inner;
      })(),
      loop,
    );
    drivers.push(inner.driver === inner, outer.driver === outer);
    await runOnce(loop);
    drivers.push(inner.driver === outer, outer.driver === outer);
    const task = loop.createTask(function* () {
      return yield* outer;
    });
    await runOnce(loop);
    drivers.push(inner.driver === task, outer.driver === task);
    future.setResult('x');
    await loop.runUntilComplete(task);
    expect([drivers, task.result()]).to.deep.equal([Array(6).fill(true), 'inner: x']);
  });

  it('Coroutines nest a hundred deep, and cancel() reaches the innermost', async () => {
    const nested = function* (depth: number): Generator<unknown, number, unknown> {
      if (depth === 0) yield* future;
      return depth === 0 ? 0 : 1 + (yield* startCoroutine(nested(depth - 1)));
    };
    const good = loop.createTask(() => nested(100));
    await runOnce(loop);
    future.setResult('go');
    expect(await loop.runUntilComplete(good)).to.equal(100);
    future = loop.createFuture();
    const task = loop.createTask(() => nested(100));
    await runOnce(loop);
    task.cancel();
    await runOnce(loop);
    expect([task.cancelled(), future.cancelled()]).to.deep.equal([true, true]);
  });

  it('Coroutine that is cancelled as it runs, and belongs to no task, ends as it does', async () => {
    const ended: unknown[] = [];
    let cancel = (): void => undefined;
    loop.callSoon(() => {
      const coroutine = startCoroutine(
        (function* (): Generator<unknown, string> {
          yield* sleep(1);
          cancel();
          return 'result';
        })(),
      );
      cancel = () => void coroutine.cancel();
      coroutine.addDoneCallback((future) => ended.push(future.result()));
    });
    await loop.runUntilComplete(() => sleep(2));
    expect(ended).to.deep.equal(['result']);
  });
});
