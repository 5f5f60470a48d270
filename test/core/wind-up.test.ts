import { aclosing, allTasks, type BaseEventLoop, CancelledError, sleep, SystemExit } from '@ringloop/core';
import { windUp } from '@ringloop/core/internal';
import { expect } from 'chai';
import sinon from 'sinon';
import { FakeExecutor } from './fake-executor.js';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

describe('core/wind-up', () => {
  let loop: BaseEventLoop;
  let log: string[];
  const note = (what: string): void => void log.push(what);

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  it('windUp() of a loop that has nothing closes it', async () => {
    await windUp(loop);
    expect(loop.isClosed()).to.equal(true);
  });

  it('windUp() says after a while what it is waiting for', async () => {
    const clock = sinon.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const warn = sinon.stub(console, 'warn');
    try {
      let end!: () => void;
      const nodes = new Promise<void>((resolve) => (end = resolve));
      loop.createTask(nodes, { name: 'promise' });
      loop.createTask(async () => nodes, { name: 'function' });
      const patient = loop.createFuture<void>();
      const refuse = async (): Promise<void> => {
        await sleep(1000).catch(() => undefined);
        await patient;
      };
      for (let i = 0; i < 10; i++) loop.createTask(refuse, { name: `patient ${i}` });
      await runOnce(loop);
      const done = windUp(loop);
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      clock.tick(1000);
      end();
      patient.setResult();
      await done;
      const [text] = warn.args.flat() as string[];
      expect(
        text?.split('\n').map((line) => line.replace(/<Task.*name='([^']*)'.*>/, '$1').trim()),
      ).to.deep.equal([
        'run() has cancelled its tasks, and is still waiting for:',
        'promise: a promise that ran already when the task was made cannot be cancelled; give createTask() the function instead',
        'function: it awaits a promise that is none of ours, which cannot be interrupted; use the AbortSignal that its function is given',
        ...Array.from({ length: 8 }, (_, i) => `patient ${i}`),
        'and 2 more',
      ]);
    } finally {
      clock.restore();
      warn.restore();
    }
  });

  // CPython BaseRunTests…test_asyncio_run_cancels_hanging_tasks
  it('windUp() cancels tasks of all kinds, and waits until they have cleaned up', async () => {
    loop.createTask(function* () {
      try {
        yield* sleep(1000);
      } finally {
        yield* sleep(1);
        note('generator');
      }
    });
    loop.createTask(async () => {
      try {
        await sleep(1000);
      } finally {
        await sleep(2);
        note('async');
      }
    });
    const stubborn = loop.createTask(function* () {
      try {
        yield* sleep(1000);
      } catch {
        note('stubborn');
      }
    });
    await runOnce(loop);
    const early = loop.createTask(async () => {
      note('never');
    });
    await windUp(loop);
    expect([...log, stubborn.cancelled(), early.cancelled(), loop.isClosed()]).to.deep.equal([
      'stubborn',
      'generator',
      'async',
      false,
      true,
      true,
    ]);
    expect(allTasks(loop).size).to.equal(0);
  });

  // CPython BaseRunTests…test_asyncio_run_reports_hanging_tasks
  it('windUp() reports what tasks throw instead of ending', async () => {
    const reports = reportsOf(loop);
    const failing = loop.createTask(function* () {
      try {
        yield* sleep(1000);
      } catch {
        throw new RangeError('instead');
      }
    });
    await runOnce(loop);
    await windUp(loop);
    expect(reports).to.deep.equal([
      { message: 'unhandled exception during run() shutdown', exception: failing.exception(), task: failing },
    ]);
  });

  // CPython BaseRunTests…test_asyncgen_finalization… : in this order
  it('windUp() closes tasks, then generators, then the executor, then the loop', async () => {
    const executor = new FakeExecutor();
    sinon.stub(executor, 'shutdown').callsFake(async (options) => {
      note(`executor ${JSON.stringify(options)}`);
      await Promise.resolve();
    });
    loop.setDefaultExecutor(executor);
    const numbers = async function* (): AsyncGenerator<number> {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        await sleep(1);
        note('generator');
      }
    };
    loop.createTask(async () => {
      const generator = aclosing(numbers());
      await generator.next();
      try {
        await sleep(1000);
      } finally {
        note('task');
      }
    });
    await runOnce(loop);
    await runOnce(loop);
    const close = loop.close.bind(loop);
    loop.close = () => {
      note('loop');
      close();
    };
    await windUp(loop);
    expect(log).to.deep.equal([
      'task',
      'generator',
      'executor {"wait":true}',
      'loop',
      'executor {"wait":false}',
    ]);
  });

  it('windUp() closes the loop even where it cannot be wound up', async () => {
    const exit = new SystemExit();
    loop.createTask(function* () {
      try {
        yield* sleep(1000);
      } finally {
        throw exit; // eslint-disable-line no-unsafe-finally -- the point of it
      }
    });
    await runOnce(loop);
    expect(await rejection(windUp(loop))).to.equal(exit);
    expect(loop.isClosed()).to.equal(true);
  });

  it('windUp() cancels each task once, without a message', async () => {
    const caught: unknown[] = [];
    loop.createTask(function* () {
      try {
        yield* sleep(1000);
      } catch (thrown) {
        caught.push(thrown);
        throw thrown;
      }
    });
    await runOnce(loop);
    await windUp(loop);
    expect(caught).to.have.lengthOf(1);
    expect(caught[0]).to.be.instanceOf(CancelledError).with.property('message', '');
  });
});
