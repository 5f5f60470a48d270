import {
  type BaseEventLoop,
  CancelledError,
  KeyboardInterrupt,
  LoopStateError,
  sleep,
  SystemExit,
  allTasks,
} from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

describe('core/run-until-complete', () => {
  let loop: BaseEventLoop;
  let log: string[];

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  it('runUntilComplete() gives what a coroutine, a future or a promise gives', async () => {
    const future = loop.createFuture<string>();
    loop.callLater(1, () => future.setResult('future'));
    expect([
      await loop.runUntilComplete(() => Promise.resolve('coroutine')),
      await loop.runUntilComplete(future),
      await loop.runUntilComplete(future),
      await loop.runUntilComplete(Promise.resolve('promise')),
    ]).to.deep.equal(['coroutine', 'future', 'future', 'promise']);
  });

  it('runUntilComplete() rejects as what it waits for does', async () => {
    const reports = reportsOf(loop);
    const failing = async (): Promise<void> => {
      await sleep(1);
      throw new RangeError('bad');
    };
    expect((await rejection(loop.runUntilComplete(failing))).message).to.equal('bad');
    const future = loop.createFuture();
    future.cancel();
    expect(await rejection(loop.runUntilComplete(future))).to.be.instanceOf(CancelledError);
    expect(reports).to.deep.equal([]);
  });

  // CPython EventLoopTests.test_run_until_complete_stopped
  it('runUntilComplete() rejects when the loop is stopped first', async () => {
    const never = loop.createFuture();
    loop.callSoon(() => loop.stop());
    const error = await rejection(loop.runUntilComplete(never));
    expect(error).to.be.instanceOf(LoopStateError);
    expect([error.message, error.code]).to.deep.equal([
      'Event loop stopped before Future completed.',
      'ERR_LOOP_STOPPED',
    ]);
    never.setResult(null); // must not stop a later run
    loop.callSoon(() => loop.callSoon(() => log.push('later run')));
    loop.callLater(1, () => loop.stop());
    await loop.runForever();
    expect(log).to.deep.equal(['later run']);
  });

  // CPython 3.11 leaves the second callback for the next run: its own stop() is still queued.
  it('runUntilComplete() leaves no stop behind when the loop is stopped as the future is settled', async () => {
    const value = await loop.runUntilComplete(() => {
      loop.stop();
      return Promise.resolve(1);
    });
    loop.callSoon(() => loop.callSoon(() => log.push('second')));
    loop.callSoon(() => log.push('first'));
    loop.callLater(1, () => loop.stop());
    await loop.runForever();
    expect([value, ...log]).to.deep.equal([1, 'first', 'second']);
  });

  // The specification's stop() is a barrier, this one is not: what the last batch schedules waits.
  it('runUntilComplete() finishes the batch in which the future is seen to be done, no more', async () => {
    const future = loop.createFuture();
    future.setResult(null);
    loop.callSoon(() => {
      log.push('batch');
      loop.callSoon(() => log.push('next'));
    });
    await loop.runUntilComplete(future);
    expect(log).to.deep.equal(['batch']);
    await runOnce(loop);
    expect(log).to.deep.equal(['batch', 'next']);
  });

  // CPython EventLoopTests.test_run_until_complete_nesting
  it('runUntilComplete() within a coroutine is refused, and leaves no task behind', async () => {
    const [error, running, tasks] = await loop.runUntilComplete(async () => {
      const refused = await rejection(loop.runUntilComplete(() => Promise.resolve(log.push('never'))));
      return [refused, loop.isRunning(), allTasks(loop).size] as const;
    });
    expect(error).to.include({ message: 'This event loop is already running', code: 'ERR_LOOP_RUNNING' });
    expect([running, tasks, log]).to.deep.equal([true, 1, []]);
  });

  it('runUntilComplete() of another loop is refused while one runs, which goes on', async () => {
    const other = jumpingLoop();
    const result = await loop.runUntilComplete(async () => {
      const { code } = await rejection(other.runUntilComplete(() => Promise.resolve(log.push('never'))));
      await sleep(1);
      return code;
    });
    expect([result, log, allTasks(other).size]).to.deep.equal(['ERR_OTHER_LOOP_RUNNING', [], 0]);
  });

  // CPython BaseEventLoopTests.test_run_until_complete_loop
  it('runUntilComplete() refuses a future of another loop and what is none', async () => {
    const foreign = jumpingLoop().createFuture();
    expect((await rejection(loop.runUntilComplete(foreign))).code).to.equal('ERR_OTHER_LOOP');
    expect(await rejection(loop.runUntilComplete('spam' as never))).to.be.instanceOf(TypeError);
    expect(loop.isRunning()).to.equal(false);
  });

  // CPython BaseEventLoopTests.test_run_until_complete_loop_orphan_future_close_loop
  it('runUntilComplete() that SystemExit ended does not disturb the next one', async () => {
    const exit = new SystemExit();
    loop.callSoon(() => {
      throw exit;
    });
    expect(await rejection(loop.runUntilComplete(() => sleep(0.1)))).to.equal(exit);
    await loop.runUntilComplete(() => sleep(0.2, 'slept').then((result) => log.push(result)));
    expect([...log, loop.time()]).to.deep.equal(['slept', 0.2]);
  });

  // CPython BaseEventLoopTests.test_run_forever_keyboard_interrupt
  it('runUntilComplete() rejects with the KeyboardInterrupt of its task, and reports nothing', async () => {
    const reports = reportsOf(loop);
    const interrupt = new KeyboardInterrupt();
    const main = async (): Promise<void> => {
      await sleep(1);
      throw interrupt;
    };
    expect(await rejection(loop.runUntilComplete(main))).to.equal(interrupt);
    await runOnce(loop);
    loop.close();
    expect(reports).to.deep.equal([]);
  });

  // CPython: _run_until_complete_cb leaves the loop to the error, which is not on its way here
  it('runUntilComplete() of a future that was given SystemExit by hand goes on until the loop is stopped', async () => {
    const exit = new SystemExit(3);
    const future = loop.createFuture();
    loop.callSoon(() => future.setException(exit));
    loop.callLater(1, () => loop.stop());
    expect(await rejection(loop.runUntilComplete(future))).to.equal(exit);
    expect(loop.time()).to.equal(1);
  });

  it('runUntilComplete() that SystemExit ended in the iteration in which it would have stopped leaves no stop behind', async () => {
    const exit = new SystemExit();
    const future = loop.createFuture();
    loop.callSoon(() => {
      loop.callSoon(() => {
        throw exit;
      });
      future.setResult(null); // whose callback stands behind that
    });
    expect(await rejection(loop.runUntilComplete(future))).to.equal(exit);
    loop.callSoon(() => loop.callSoon(() => log.push('second iteration')));
    loop.callLater(1, () => loop.stop());
    await loop.runForever();
    expect(log).to.deep.equal(['second iteration']);
  });
});
