import { allTasks, BaseEventLoop, currentTask, getRunningLoop, run, sleep, SystemExit } from '@ringloop/core';
import { windUp } from '@ringloop/core/internal';
import { expect } from 'chai';
import sinon from 'sinon';
import { FakeExecutor } from './fake-executor.js';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf } from './virtual-loop.js';

describe('core/run', () => {
  let loop: BaseEventLoop;
  let log: string[];
  const loopFactory = (): BaseEventLoop => loop;

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  // CPython RunTests.test_asyncio_run_return
  it('run() gives the result of main in a new loop and closes it', async () => {
    const main = async (): Promise<string> => {
      await sleep(1);
      log.push(String(getRunningLoop() === loop), String(loop.getDebug()));
      return 'result';
    };
    expect(await run(main, { debug: true, loopFactory })).to.equal('result');
    expect([...log, loop.isClosed()]).to.deep.equal(['true', 'true', true]);
  });

  // CPython RunTests.test_asyncio_run_raises
  it('run() rejects as main does and closes the loop', async () => {
    const main = async (): Promise<void> => {
      await sleep(1);
      throw new Error('spam');
    };
    expect((await rejection(run(main, { loopFactory }))).message).to.equal('spam');
    expect(loop.isClosed()).to.equal(true);
    loop = jumpingLoop();
    expect(await rejection(run(5 as never, { loopFactory }))).to.be.instanceOf(TypeError);
    expect(loop.isClosed()).to.equal(true);
  });

  // CPython RunTests.test_asyncio_run_from_running_loop
  it('run() from a running loop is refused, and makes no loop', async () => {
    const factory = sinon.spy(loopFactory);
    const error = await run(() => rejection(run(() => Promise.resolve(), { loopFactory: factory })), {
      loopFactory,
    });
    expect(error).to.include({
      message: 'run() cannot be called from a running event loop',
      code: 'ERR_LOOP_RUNNING',
    });
    expect(factory.callCount).to.equal(0);
  });

  // The order is what CPython 3.11 prints.
  it('run() cancels what main leaves behind, where it stands', async () => {
    const leftover = async (): Promise<void> => {
      log.push('starts');
      try {
        for (;;) {
          await sleep(0);
          log.push('goes on');
        }
      } finally {
        log.push('cleans up');
        await sleep(1);
        log.push('has cleaned up');
      }
    };
    const tasks = await run(
      async () => {
        const task = loop.createTask(leftover);
        await Promise.resolve();
        return [task];
      },
      { loopFactory },
    );
    expect(log).to.deep.equal(['starts', 'cleans up', 'has cleaned up']);
    expect(tasks.map((task) => task.cancelled())).to.deep.equal([true]);
    expect(allTasks(loop).size).to.equal(0);
  });

  it('run() lets a leftover task that goes on in its last batch sleep', async () => {
    const reports = reportsOf(loop);
    const spinning = async (): Promise<void> => {
      for (;;) await sleep(0);
    };
    const main = async (): Promise<void> => {
      loop.createTask(spinning);
      for (let i = 0; i < 5; i++) await sleep(0);
    };
    await run(main, { loopFactory });
    expect(reports).to.deep.equal([]);
  });

  // CPython RunTests.test_asyncio_run_cancels_hanging_tasks and test_asyncio_run_reports_hanging_tasks
  it('run() reports what leftover tasks throw when they are cancelled', async () => {
    const reports = reportsOf(loop);
    const main = async (): Promise<unknown> => {
      const task = loop.createTask(async () => {
        try {
          await sleep(1000);
        } finally {
          log.push('about to fail');
        }
      });
      const failing = loop.createTask(async () => {
        await sleep(1000).then(undefined, () => {
          throw new Error('in cleanup');
        });
      });
      await sleep(0);
      return [task, failing];
    };
    const [, failing] = (await run(main, { loopFactory })) as unknown[];
    expect(log).to.deep.equal(['about to fail']);
    expect(reports.map(({ message, exception, task }) => [message, exception?.message, task])).to.deep.equal([
      ['unhandled exception during run() shutdown', 'in cleanup', failing],
    ]);
  });

  it('run() shuts the default executor down within the loop', async () => {
    const executor = new FakeExecutor();
    await run(
      async () => {
        loop.setDefaultExecutor(executor);
        await Promise.resolve();
      },
      { loopFactory },
    );
    expect(executor.shutdowns).to.deep.equal([{ wait: true }, { wait: false }]); // the second is close()'s
  });

  it('run() winds up after SystemExit and rejects with it', async () => {
    const exit = new SystemExit(2);
    const main = async (): Promise<void> => {
      loop.createTask(async () => {
        try {
          await sleep(1000);
        } finally {
          log.push(`${String(currentTask()?.cancelling())} cancel`);
        }
      });
      await sleep(1);
      throw exit;
    };
    expect(await rejection(run(main, { loopFactory }))).to.equal(exit);
    expect([...log, loop.isClosed()]).to.deep.equal(['1 cancel', true]);
  });

  it('windUp() cancels the tasks that the last calls from other threads start', async () => {
    loop = jumpingLoop({
      openInbox: ({ loop: owner }) => ({
        signalled: false,
        drain: () => undefined,
        park: () => 'asleep',
        seal: async () => {
          owner.createTask(async () => {
            try {
              await sleep(1000);
            } finally {
              log.push('cancelled');
            }
          });
          await sleep(0);
        },
        close: () => log.push('closed'),
      }),
    });
    await windUp(loop);
    expect(log).to.deep.equal(['cancelled', 'closed']);
  });
});
