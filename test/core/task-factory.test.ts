import {
  allTasks,
  type BaseEventLoop,
  createEagerTaskFactory,
  currentTask,
  eagerTaskFactory,
  sleep,
  Task,
  type TaskFactory,
} from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop, runOnce } from './virtual-loop.js';

class MyTask<T> extends Task<T> {}

describe('core/task-factory', () => {
  let loop: BaseEventLoop;
  let log: string[];
  const note = (what: string): void => void log.push(what);

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  // CPython BaseEventLoopTests.test_set_task_factory
  it('setTaskFactory() makes the tasks of the loop until it is given null', () => {
    const factory: TaskFactory = (theLoop, coroutine, options) => new MyTask(coroutine, theLoop, options);
    expect(loop.getTaskFactory()).to.equal(null);
    loop.setTaskFactory(factory);
    expect(loop.getTaskFactory()).to.equal(factory);
    const task = loop.createTask(() => Promise.resolve(), { name: 'mine' });
    expect(task).to.be.instanceOf(MyTask);
    expect(task.getName()).to.equal('mine');
    loop.setTaskFactory(null);
    expect([loop.getTaskFactory(), loop.createTask(() => Promise.resolve()) instanceof MyTask]).to.deep.equal(
      [null, false],
    );
  });

  // CPython BaseEventLoopTests.test_set_task_factory_invalid
  it('setTaskFactory() refuses what cannot be called, and keeps what it had', () => {
    loop.setTaskFactory(eagerTaskFactory);
    for (const factory of [1, 'spam', undefined, {}]) {
      expect(() => loop.setTaskFactory(factory as never)).to.throw(
        TypeError,
        'task factory must be a callable or null, got ',
      );
    }
    expect(loop.getTaskFactory()).to.equal(eagerTaskFactory);
  });

  it('runUntilComplete() has its task made by the factory, and what the factory throws is thrown', async () => {
    loop.setTaskFactory((theLoop, coroutine, options) => new MyTask(coroutine, theLoop, options));
    expect(
      await loop.runUntilComplete(async () => Promise.resolve(currentTask() instanceof MyTask)),
    ).to.equal(true);
    loop.setTaskFactory(() => {
      throw new RangeError('no more tasks');
    });
    expect(() => loop.createTask(() => Promise.resolve())).to.throw(RangeError, 'no more tasks');
    expect(allTasks(loop).size).to.equal(0);
  });

  // CPython EagerTaskFactoryLoopTests.test_eager_completion, test_block_after_eager_step
  it('eagerTaskFactory() takes the first step in createTask(), and the others in the loop', async () => {
    loop.setTaskFactory(eagerTaskFactory);
    await loop.runUntilComplete(function* () {
      // eslint-disable-next-line require-yield -- that it need not wait is the point
      const quick = loop.createTask(function* () {
        note('quick');
        return 'result';
      });
      log.push(`created, ${quick.done() ? quick.result() : 'pending'}`);
      const slow = loop.createTask(function* () {
        note('slow');
        yield;
        note('slow goes on');
      });
      log.push(`created, ${slow.done() ? 'done' : 'pending'}`);
      // eslint-disable-next-line require-yield -- it fails at once
      const failing = loop.createTask(function* () {
        throw new RangeError('bad');
      });
      log.push(String(failing.exception()));
      yield* slow;
    });
    expect(log).to.deep.equal([
      'quick',
      'created, result',
      'slow',
      'created, pending',
      'RangeError: bad',
      'slow goes on',
    ]);
  });

  // CPython EagerTaskFactoryLoopTests.test_current_task, and AsyncTaskCounter: one that is done is in no list
  it('eagerTaskFactory() swaps the current task during that step', async () => {
    loop.setTaskFactory(eagerTaskFactory);
    const name = (): string => currentTask()?.getName() ?? 'none';
    const outer = function* (): Generator<unknown, void, unknown> {
      note(name());
      loop.createTask(
        function* () {
          note(name());
          loop.createTask(
            async () => {
              note(name());
              await sleep(1);
              note(name());
            },
            { name: 'async' },
          );
          note(name());
          yield;
          note(name());
        },
        { name: 'inner' },
      );
      note(name());
      log.push(`${allTasks().size} tasks`);
      yield* sleep(2);
      note(name());
    };
    await loop.runUntilComplete(loop.createTask(outer, { name: 'outer' }));
    expect(log).to.deep.equal([
      'outer',
      'inner',
      'async',
      'inner',
      'outer',
      '3 tasks',
      'inner',
      'async',
      'outer',
    ]);
  });

  // CPython: a loop that does not run cannot step a task
  it('eagerTaskFactory() starts tasks in the next iteration while the loop does not run', async () => {
    loop.setTaskFactory(eagerTaskFactory);
    const task = loop.createTask(function* () {
      note('ran');
      yield;
    });
    expect(log).to.deep.equal([]);
    await runOnce(loop);
    expect([log, task.done()]).to.deep.equal([['ran'], true]);
  });

  it('eagerTaskFactory() is overruled by the eagerStart option of createTask()', async () => {
    loop.setTaskFactory(eagerTaskFactory);
    await loop.runUntilComplete(function* () {
      const task = loop.createTask(
        function* () {
          note('ran');
          yield;
        },
        { eagerStart: false },
      );
      note('created');
      yield* task;
    });
    expect(log).to.deep.equal(['created', 'ran']);
  });

  it('createEagerTaskFactory() makes tasks of the class that it is given', async () => {
    loop.setTaskFactory(createEagerTaskFactory(MyTask));
    await loop.runUntilComplete(async () => {
      const task = loop.createTask(
        async () => {
          note('eager');
          await sleep(1);
        },
        { name: 'mine' },
      );
      expect(task).to.be.instanceOf(MyTask);
      log.push(task.getName());
      await task;
    });
    expect(log).to.deep.equal(['eager', 'mine']);
  });

  it('createTask() takes eagerStart for one task, without a factory', async () => {
    await loop.runUntilComplete(async () => {
      const task = loop.createTask(
        async () => {
          note('eager');
          await sleep(0);
          return 'result';
        },
        { eagerStart: true },
      );
      note('created');
      task.cancel('at once');
      await task.then(undefined, (reason: unknown) => log.push(String(reason)));
    });
    expect(log).to.deep.equal(['eager', 'created', 'CancelledError: at once']);
  });
});
