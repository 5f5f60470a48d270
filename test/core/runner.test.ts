import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import {
  allTasks,
  type BaseEventLoop,
  getEventLoop,
  getRunningLoop,
  InvalidStateError,
  LoopStateError,
  Runner,
  setEventLoop,
  sleep,
} from '@ringloop/core';
import { expect } from 'chai';
import sinon from 'sinon';
import { FakeExecutor } from './fake-executor.js';
import { rejection } from '../rejection.js';
import { jumpingLoop } from './virtual-loop.js';

const interrupted = new URL('./fixtures/runner-interrupted.js', import.meta.url);

/** What the fixture prints when it is sent SIGINT each time it asks for one, and how it ends. */
async function interrupt(scenario: string): Promise<{ lines: string[]; code: number | null }> {
  const child = spawn(process.execPath, [interrupted.pathname, scenario], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close') as Promise<[number | null]>;
  let output = '';
  let asked = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
    for (const requests = output.split('interrupt me').length - 1; asked < requests; asked++)
      child.kill('SIGINT');
  });
  const [code] = await closed;
  return { lines: output.split('\n').slice(0, -1), code };
}

describe('core/runner', () => {
  let loops: BaseEventLoop[];
  let runner: Runner;
  const loopFactory = (): BaseEventLoop => {
    const loop = jumpingLoop();
    loops.push(loop);
    return loop;
  };

  beforeEach(() => {
    loops = [];
    runner = new Runner({ loopFactory });
  });

  afterEach(async () => {
    await runner.close();
  });

  // CPython RunnerTests.test_custom_factory, test_run
  it('Runner makes its loop at the first use, once', async () => {
    expect(loops.length).to.equal(0);
    const loop = runner.getLoop();
    expect([loop, runner.getLoop()]).to.deep.equal([loops[0], loops[0]]);
    const seen = [];
    seen.push(await runner.run(async () => getRunningLoop()));
    seen.push(
      await runner.run(function* () {
        yield* sleep(1);
        return getRunningLoop();
      }),
    );
    expect([seen, loops.length]).to.deep.equal([[loop, loop], 1]);
  });

  // CPython RunnerTests.test_debug
  it('Runner sets the debug mode if it is told to', async () => {
    for (const debug of [true, false]) {
      await using other = new Runner({ loopFactory, debug });
      expect(other.getLoop().getDebug()).to.equal(debug);
    }
    const loop = jumpingLoop({ debug: true });
    await using plain = new Runner({ loopFactory: () => loop });
    expect(plain.getLoop().getDebug()).to.equal(true);
  });

  // CPython RunnerTests.test_run: tasks live on between runs
  it('Runner.run() leaves tasks for the next one, and close() cancels them', async () => {
    const log: string[] = [];
    await runner.run(async () => {
      getRunningLoop().createTask(async () => {
        try {
          for (let i = 1; ; i++) {
            log.push(String(i));
            await sleep(10);
          }
        } finally {
          log.push('cancelled');
        }
      });
      await sleep(15);
    });
    await runner.run(() => sleep(10));
    expect(log).to.deep.equal(['1', '2', '3']);
    await runner.close();
    expect([...log, loops[0]?.isClosed()]).to.deep.equal(['1', '2', '3', 'cancelled', true]);
  });

  it('Runner.run() rejects as its main does, and can be called again', async () => {
    expect(
      (
        await rejection(
          runner.run(async () => {
            await sleep(1);
            throw new RangeError('bad');
          }),
        )
      ).message,
    ).to.equal('bad');
    expect(await runner.run(() => sleep(1, 'good'))).to.equal('good');
  });

  // CPython RunnerTests.test_run_non_coro… , test_close, test_second_with_block_raises
  it('Runner.run() refuses what is no coroutine, and everything once it is closed', async () => {
    expect(await rejection(runner.run(5 as never))).to.be.instanceOf(TypeError);
    await runner.close();
    await runner.close();
    const refused = await rejection(runner.run(async () => Promise.resolve()));
    expect(refused).to.be.instanceOf(InvalidStateError).with.property('message', 'Runner is closed');
    expect(() => runner.getLoop()).to.throw(InvalidStateError, 'Runner is closed');
  });

  it('Runner.close() before the first use makes no loop', async () => {
    await runner.close();
    expect(loops.length).to.equal(0);
  });

  // CPython RunnerTests.test_run_in_running_loop
  it('Runner.run() within a loop is refused, and the loop goes on', async () => {
    const code = await runner.run(async () => {
      const inner = new Runner({ loopFactory });
      const refused = await rejection(inner.run(async () => Promise.resolve()));
      expect(refused).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_LOOP_RUNNING');
      expect(refused.message).to.equal('Runner.run() cannot be called from a running event loop');
      const again = await rejection(runner.run(async () => Promise.resolve()));
      await sleep(1);
      await inner.close();
      return again.code;
    });
    expect([code, loops.length, allTasks(loops[0]).size]).to.deep.equal(['ERR_LOOP_RUNNING', 1, 0]);
  });

  it('Runner is closed at the end of an `await using` block, whatever happens in it', async () => {
    const executor = new FakeExecutor();
    const block = async (): Promise<void> => {
      await using used = new Runner({ loopFactory });
      used.getLoop().setDefaultExecutor(executor);
      await used.run(async () => Promise.resolve());
      throw new Error('in the block');
    };
    expect((await rejection(block())).message).to.equal('in the block');
    expect(loops.map((loop) => loop.isClosed())).to.deep.equal([true]);
    expect(executor.shutdowns[0]).to.deep.equal({ wait: true });
  });

  it('Runner.close() takes back what setEventLoop() was given, if it was its loop', async () => {
    const other = jumpingLoop();
    setEventLoop(runner.getLoop());
    await runner.close();
    expect(() => getEventLoop()).to.throw(LoopStateError);
    const second = new Runner({ loopFactory });
    second.getLoop();
    setEventLoop(other);
    await second.close();
    expect(getEventLoop()).to.equal(other);
    setEventLoop(null);
  });

  // CPython RunnerTests.test_run_uses_different_contexts…, test_run with context
  it('Runner.run() takes a context', async () => {
    const storage = new AsyncLocalStorage<string>();
    const context = storage.run('there', () => new AsyncResource('test'));
    const main = async (): Promise<unknown[]> => {
      const first = storage.getStore();
      await sleep(1);
      return [first, storage.getStore()];
    };
    expect(await storage.run('here', () => runner.run(main, { context }))).to.deep.equal(['there', 'there']);
    expect(await storage.run('here', () => runner.run(main))).to.deep.equal(['here', 'here']);
  });

  it('Runner.run() passes on a CancelledError that does not come from Ctrl-C', async () => {
    const error = await rejection(
      runner.run(function* () {
        const task = getRunningLoop().createTask(() => sleep(10));
        task.cancel('not by hand');
        yield* task;
      }),
    );
    expect(error).to.include({ name: 'CancelledError', message: 'not by hand' });
  });

  it('Runner.run() listens for SIGINT in the main thread only, and only where nobody else does', async () => {
    const on = sinon.spy(process, 'on');
    const listening = process.listeners('SIGINT');
    process.on('SIGINT', () => undefined); // mocha may, or may not
    try {
      const before = process.listenerCount('SIGINT');
      on.resetHistory();
      expect(await runner.run(async () => process.listenerCount('SIGINT'))).to.equal(before);
      expect(on.args.filter(([event]) => (event as string) === 'SIGINT')).to.deep.equal([]);
    } finally {
      sinon.restore();
      for (const each of process.listeners('SIGINT')) {
        if (!listening.includes(each)) process.off('SIGINT', each);
      }
    }
  });

  describe('Ctrl-C', function () {
    this.slow(2000); // child processes

    // CPython RunnerTests.test_interrupt_wait
    it('SIGINT cancels the main task, and run() rejects with KeyboardInterrupt', async () => {
      expect(await interrupt('cancel')).to.deep.equal({
        lines: [
          'listeners while it runs: 1',
          'interrupt me',
          'main: CancelledError',
          'KeyboardInterrupt: Interrupted by Ctrl-C, ERR_KEYBOARD_INTERRUPT, because of CancelledError',
          'listeners afterwards: 0',
        ],
        code: 0,
      });
    });

    // CPython RunnerTests.test_interrupt_cancelled_task: an answer to the cancellation is the result
    it('SIGINT whose cancellation main catches lets run() return the result', async () => {
      expect(await interrupt('caught')).to.deep.equal({
        lines: ['interrupt me', 'main: CancelledError', 'result: saved', 'listeners afterwards: 0'],
        code: 0,
      });
    });

    it('SIGINT a second time ends the run at once, and main is cancelled by close()', async () => {
      expect(await interrupt('twice')).to.deep.equal({
        lines: [
          'interrupt me',
          'main: CancelledError, but goes on',
          'interrupt me',
          'KeyboardInterrupt: Interrupted by Ctrl-C, ERR_KEYBOARD_INTERRUPT, because of undefined',
          'main is cleaning up',
          'listeners afterwards: 0',
        ],
        code: 0,
      });
    });

    // CPython: only where signal.getsignal() is the default handler
    it('SIGINT that the process listens for itself cancels nothing', async () => {
      expect(await interrupt('own')).to.deep.equal({
        lines: ['interrupt me', 'own listener', 'result: undisturbed', 'listeners afterwards: 1'],
        code: 0,
      });
    });

    it('SIGINT when the main task is done already ends the run', async () => {
      expect(await interrupt('done')).to.deep.equal({
        lines: [
          'KeyboardInterrupt: Interrupted by Ctrl-C, ERR_KEYBOARD_INTERRUPT, because of undefined',
          'listeners afterwards: 0',
        ],
        code: 0,
      });
    });

    it('SIGINT of a main that was cancelled otherwise, too, leaves its CancelledError alone', async () => {
      expect(await interrupt('also')).to.deep.equal({
        lines: ['CancelledError: ', 'listeners afterwards: 0'], // the last cancel() had no message
        code: 0,
      });
    });

    it('Runner in a worker does not listen', async () => {
      const worker = new Worker(interrupted, { argv: ['worker'], stdout: true });
      let output = '';
      worker.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
      await Promise.all([once(worker, 'exit'), once(worker.stdout, 'end')]);
      expect(output.split('\n')).to.deep.equal(['listeners while it runs: 0', 'listeners afterwards: 0', '']);
    });
  });
});
