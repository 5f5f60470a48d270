import { setTimeout as delay } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  type BaseEventLoop,
  CancelledError,
  currentTask,
  ExceptionGroup,
  gather,
  InvalidStateError,
  sleep,
  SystemExit,
  TaskGroup,
  timeout,
  TimeoutError,
} from '@ringloop/core';
import { expect } from 'chai';
import fc from 'fast-check';
import { rejection } from '../../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from '../virtual-loop.js';

describe('core/task-group', () => {
  let loop: BaseEventLoop;
  let log: string[];

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  const main = <T>(coroutine: () => PromiseLike<T>): Promise<T> => loop.runUntilComplete(coroutine);

  /** Sleeps, and notes how that ended. */
  async function watch(name: string, seconds: number): Promise<void> {
    try {
      await sleep(seconds);
      log.push(`${name} slept`);
    } catch (thrown) {
      log.push(`${name} ${String(thrown)}`);
      throw thrown;
    }
  }

  async function fail(message: string, seconds = 0): Promise<never> {
    await sleep(seconds);
    throw new RangeError(message);
  }

  /** The messages of the errors in the group that `promise` must reject with. */
  async function messagesOf(promise: PromiseLike<unknown>): Promise<string[]> {
    const group = await rejection(promise);
    if (!(group instanceof ExceptionGroup)) throw group;
    expect([group.message, group.cause]).to.deep.equal(['unhandled errors in a TaskGroup', undefined]);
    return group.errors.map(({ message }) => message);
  }

  it('TaskGroup.run() gives the body the group, and what the body returns when all tasks are done', async () => {
    const results = await main(async () => [
      await new TaskGroup().run(async (group) => {
        group.createTask(() => watch('task', 5));
        return 'async';
      }),
      await new TaskGroup().run(function* (group) {
        group.createTask(() => watch('task', 5));
        yield;
        return 'generator';
      }),
    ]);
    expect([results, log, loop.time()]).to.deep.equal([
      ['async', 'generator'],
      ['task slept', 'task slept'],
      10,
    ]);
  });

  it('TaskGroup.run() refuses a body that is no function', () =>
    main(async () => {
      expect(() => new TaskGroup().run(5 as never)).to.throw(TypeError);
    }));

  it('TaskGroup.run() works in a generator coroutine, with both kinds of bodies', async () => {
    const outcomes = await loop.runUntilComplete(function* () {
      const messages: unknown[] = [];
      for (const body of [
        async (group: TaskGroup) => {
          group.createTask(() => fail('task', 1));
          await watch('body', 10);
        },
        function* (group: TaskGroup) {
          group.createTask(() => fail('task', 1));
          yield* sleep(10);
        },
      ]) {
        try {
          yield* new TaskGroup().run(body);
        } catch (thrown) {
          messages.push((thrown as ExceptionGroup).errors.map(String));
        }
      }
      return [messages, currentTask()?.cancelling()];
    });
    expect(outcomes).to.deep.equal([[['RangeError: task'], ['RangeError: task']], 0]);
    expect([log, loop.time()]).to.deep.equal([['body CancelledError'], 2]);
  });

  it('TaskGroup.createTask() refuses what is no coroutine', () =>
    main(() =>
      new TaskGroup().run(async (group) => {
        expect(() => group.createTask(5 as never)).to.throw(TypeError);
        expect(inspect(group)).to.equal('<TaskGroup entered>');
      }),
    ));

  it('TaskGroup.createTask() that is refused does not begin a generator, and leaves other coroutines alone', () => {
    const group = new TaskGroup();
    expect(() => group.createTask(async () => log.push('ran'))).to.throw(
      InvalidStateError,
      'TaskGroup <TaskGroup> has not been entered',
    );
    expect(log).to.deep.equal([]);
  });

  it('TaskGroup shows how many tasks and errors there are', async () => {
    const group = new TaskGroup();
    const shown: string[] = [inspect(group)];
    await rejection(
      main(() =>
        group.run(async () => {
          group.createTask(() => fail('early'));
          group.createTask(async () => {
            await rejection(sleep(10));
            shown.push(inspect(group));
          });
          shown.push(inspect(group));
          await sleep(10);
        }),
      ),
    );
    shown.push(inspect(group));
    expect(shown).to.deep.equal([
      '<TaskGroup>',
      '<TaskGroup tasks=2 entered>',
      '<TaskGroup tasks=1 errors=1 cancelling>',
      '<TaskGroup cancelling>',
    ]);
  });

  it('TaskGroup.run() that is cancelled again while it waits for its tasks goes on waiting', async () => {
    const task = loop.createTask(() =>
      new TaskGroup().run(async (group) => {
        group.createTask(async () => {
          await rejection(sleep(10));
          await watch('cleanup', 0);
        });
      }),
    );
    await runOnce(loop);
    await runOnce(loop);
    expect([task.cancel('first'), task.cancel('second')]).to.deep.equal([true, true]);
    await runOnce(loop);
    task.cancel('third');
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    expect([log, task.cancelled()]).to.deep.equal([['cleanup slept'], true]);
  });

  it('TaskGroup.run() that is cancelled before the body begins runs nothing', async () => {
    const task = loop.createTask(() => new TaskGroup().run(() => watch('body', 1)));
    task.cancel();
    await rejection(loop.runUntilComplete(task));
    expect(log).to.deep.equal([]);
  });

  it('TaskGroup.run() rethrows SystemExit bare, and the loop ends', async () => {
    const exit = new SystemExit(3);
    const running = main(() =>
      new TaskGroup().run(async (group) => {
        group.createTask(async () => {
          await sleep(1);
          throw exit;
        });
        await watch('body', 10);
      }),
    );
    expect(await rejection(running)).to.equal(exit);
    const group = main(() =>
      new TaskGroup().run(async (again) => {
        again.createTask(() => fail('lost'));
        await rejection(sleep(1));
        throw exit;
      }),
    );
    expect(await rejection(group)).to.equal(exit);
  });

  it('TaskGroup.run() gives what else is thrown as an error of the group', async () => {
    const thrown = main(() =>
      new TaskGroup().run(async () => {
        throw 'no error' as unknown;
      }),
    );
    expect(await messagesOf(thrown)).to.deep.equal(["Thrown: 'no error'"]);
  });

  it('TaskGroup.run() aborts the signal of its body when a task fails', async () => {
    const running = main(() =>
      new TaskGroup().run(async (group, signal) => {
        group.createTask(() => fail('task', 1));
        await delay(1e6, undefined, { signal });
      }),
    );
    expect(await messagesOf(running)).to.deep.equal(['task']);
  });

  it('TaskGroup.run() does not count an AbortError of the cancelled task as an error', async () => {
    const task = loop.createTask(async (signal: AbortSignal) =>
      new TaskGroup().run(async () => delay(1e6, undefined, { signal })),
    );
    await runOnce(loop);
    task.cancel();
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    expect(task.cancelled()).to.equal(true);
  });

  it('TaskGroup.run() within a timeout ends with it, and the tasks are cancelled', async () => {
    const running = main(() =>
      timeout(1).run(() =>
        new TaskGroup().run(async (group) => {
          group.createTask(() => watch('task', 10));
          await watch('body', 5);
        }),
      ),
    );
    expect(await rejection(running)).to.be.instanceOf(TimeoutError);
    expect(log).to.deep.equal(['body CancelledError', 'task CancelledError']);
  });

  it('TaskGroup.run() beside others in one task: the failure of one leaves the others alone', () =>
    main(async () => {
      const outcomes = await gather(
        [
          new TaskGroup().run(async (group) => {
            group.createTask(() => fail('first', 1));
            await sleep(10);
          }),
          new TaskGroup().run(function* () {
            return yield* sleep(3, 'second');
          }),
        ],
        { returnExceptions: true },
      );
      expect(
        outcomes.map((each) => (each instanceof ExceptionGroup ? each.errors.map(String) : each)),
      ).to.deep.equal([['RangeError: first'], 'second']);
      expect(currentTask()?.cancelling()).to.equal(0);
    }));

  it('TaskGroup.run() that nobody waits for reports what fails after the end of its task', async () => {
    const reports = reportsOf(loop);
    await main(async () => {
      void new TaskGroup()
        .run(async (group) => {
          group.createTask(() => fail('orphan', 1));
        })
        .catch(() => log.push('rejected'));
    });
    await main(() => sleep(2));
    expect(log).to.deep.equal(['rejected']);
    expect(reports).to.have.lengthOf(1);
    expect(reports[0]?.message).to.match(
      /^Task <.*> has errored out but its parent task <.*> is already completed$/,
    );
  });

  it('TaskGroup.run() of 10,000 tasks', async () => {
    let done = 0;
    await main(() =>
      new TaskGroup().run(async (group) => {
        for (let i = 0; i < 10_000; i++) {
          group.createTask(async () => {
            await sleep(i % 10);
            done++;
          });
        }
      }),
    );
    expect(done).to.equal(10_000);
  });

  it('TaskGroup.run() ends after all tasks, with all failures from before it heard of the first', async () => {
    const jobs = fc.array(fc.record({ at: fc.integer({ min: 1, max: 4 }), fails: fc.boolean() }), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(jobs, fc.boolean(), async (all, steps) => {
        const own = jumpingLoop();
        let running = 0;
        const job = ({ at, fails }: { at: number; fails: boolean }) =>
          function* () {
            running++;
            try {
              yield* sleep(at);
              if (fails) throw new RangeError(String(at));
            } finally {
              running--;
            }
          };
        const body = (group: TaskGroup): void => {
          for (const each of all) group.createTask(job(each));
        };
        const ended = own.runUntilComplete(() =>
          new TaskGroup().run(
            steps
              ? function* (group) {
                  body(group);
                  yield;
                }
              : async (group) => body(group),
          ),
        );
        const first = Math.min(...all.filter(({ fails }) => fails).map(({ at }) => at));
        const failed = all.filter(({ at, fails }) => fails && at === first).map(({ at }) => String(at));
        if (failed.length === 0) await ended;
        else expect(await messagesOf(ended)).to.deep.equal(failed);
        expect(running).to.equal(0);
      }),
    );
  });

  // Found by generated programs against CPython 3.14.
  it('TaskGroup that fails by a bad yield lets a pending outer cancellation be thrown at the next wait', async () => {
    const times: number[] = [];
    await loop.runUntilComplete(function* () {
      const task = loop.createTask(function* () {
        try {
          yield* sleep(9);
        } catch {
          // It goes on, and has not taken the cancellation back.
        }
        try {
          yield* new TaskGroup().run(function* () {
            yield 42;
          });
        } catch {
          // What counts is the next wait.
        }
        try {
          yield* loop.createFuture();
        } finally {
          times.push(loop.time());
        }
      });
      yield* sleep(1);
      task.cancel();
      yield* sleep(20);
    });
    expect(times).to.deep.equal([1]);
  });
});
