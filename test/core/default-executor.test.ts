import { once } from 'node:events';
import { setImmediate as immediate } from 'node:timers/promises';
import { BaseEventLoop, LoopStateError, VirtualHost } from '@ringloop/core';
import { expect } from 'chai';
import sinon from 'sinon';
import { FakeExecutor } from './fake-executor.js';
import { rejection } from '../rejection.js';

const nothing = (): void => undefined;

describe('core/default-executor', () => {
  it('runInExecutor(null) makes the default executor at its first use, once', () => {
    const made: FakeExecutor[] = [];
    const createExecutor = (): FakeExecutor => {
      const executor = new FakeExecutor();
      made.push(executor);
      return executor;
    };
    const loop = new BaseEventLoop({ host: new VirtualHost(), createExecutor });
    expect(made.length).to.equal(0);
    loop.runInExecutor(null, nothing);
    loop.runInExecutor(null, nothing);
    expect(made.map(({ jobs }) => jobs.length)).to.deep.equal([2]);
  });

  it('runInExecutor(null) throws when there is no default executor', () => {
    const loop = new BaseEventLoop({ host: new VirtualHost() });
    expect(() => loop.runInExecutor(null, nothing))
      .to.throw(LoopStateError, 'No default executor: call setDefaultExecutor() first')
      .with.property('code', 'ERR_NO_EXECUTOR');
  });

  // CPython BaseEventLoopTests.test_set_default_executor and …_error
  it('setDefaultExecutor() takes what has submit() and shutdown(), and keeps it when it refuses another', () => {
    const loop = new BaseEventLoop({ host: new VirtualHost() });
    const executor = new FakeExecutor();
    loop.setDefaultExecutor(executor);
    for (const other of [null, undefined, 5, {}, { submit: nothing }]) {
      expect(() => loop.setDefaultExecutor(other as never)).to.throw(
        TypeError,
        'executor must have submit() and shutdown()',
      );
    }
    loop.runInExecutor(null, nothing);
    expect(executor.jobs.length).to.equal(1);
  });

  it('shutdownDefaultExecutor() waits for the jobs and lets no more in, except into other executors', async () => {
    const loop = new BaseEventLoop({ host: new VirtualHost() });
    const executor = new FakeExecutor();
    loop.setDefaultExecutor(executor);
    await loop.shutdownDefaultExecutor();
    expect(executor.shutdowns).to.deep.equal([{ wait: true }]);
    expect(() => loop.runInExecutor(null, nothing)).to.throw(
      LoopStateError,
      'Executor shutdown has been called',
    );
    const other = new FakeExecutor();
    loop.runInExecutor(other, nothing);
    expect(other.jobs.length).to.equal(1);
  });

  it('shutdownDefaultExecutor() needs no executor', async () => {
    const loop = new BaseEventLoop({ host: new VirtualHost() });
    await loop.shutdownDefaultExecutor();
    expect(() => loop.runInExecutor(null, nothing)).to.throw('Executor shutdown has been called');
  });

  it('close() does not mind an executor that fails to shut down', async () => {
    const loop = new BaseEventLoop({ host: new VirtualHost() });
    const executor = new FakeExecutor();
    executor.shutdown = () => Promise.reject(new Error('stuck')); // unhandled, it would fail the test run
    loop.setDefaultExecutor(executor);
    loop.close();
    await Promise.resolve();
  });

  describe('shutdownDefaultExecutor({ timeout })', () => {
    let loop: BaseEventLoop;
    let executor: FakeExecutor;
    /** Ends the jobs that shutdown({ wait: true }) waits for. */
    let finish: (error?: Error) => void;

    beforeEach(() => {
      loop = new BaseEventLoop({ host: new VirtualHost() });
      executor = new FakeExecutor();
      const shutdown = executor.shutdown.bind(executor);
      executor.shutdown = async (options) => {
        await shutdown(options);
        if (options?.wait !== true) return;
        await new Promise<void>((resolve, reject) => {
          finish = (error) => (error === undefined ? resolve() : reject(error));
        });
      };
      loop.setDefaultExecutor(executor);
    });

    // CPython BaseEventLoopTests.test_shutdown_default_executor_timeout
    it('shutdownDefaultExecutor() warns after its timeout and waits no longer', async () => {
      const warned = once(process, 'warning') as Promise<[Error]>;
      await loop.shutdownDefaultExecutor({ timeout: 0.01 });
      const [warning] = await warned;
      expect([warning.name, warning.message]).to.deep.equal([
        'RuntimeWarning',
        'The executor did not finish joining its threads within 0.01 seconds.',
      ]);
      expect(executor.shutdowns).to.deep.equal([{ wait: true }, { wait: false }]);
      finish(new Error('too late')); // unhandled, it would fail the test run
      await immediate();
    });

    it('shutdownDefaultExecutor() in time does not warn, and leaves no timer behind', async () => {
      const warn = sinon.stub(process, 'emitWarning');
      try {
        const done = loop.shutdownDefaultExecutor({ timeout: Infinity }); // Node turns what is too long into 1 ms
        await immediate();
        await new Promise((resolve) => setTimeout(resolve, 5));
        finish();
        await done;
        expect([warn.callCount, executor.shutdowns]).to.deep.equal([0, [{ wait: true }]]);
      } finally {
        sinon.restore();
      }
    });

    it('shutdownDefaultExecutor() rejects as the executor does', async () => {
      for (const timeout of [10, null]) {
        const failed = rejection(loop.shutdownDefaultExecutor({ timeout }));
        await immediate();
        finish(new Error('stuck'));
        expect((await failed).message).to.equal('stuck');
      }
    });

    it('shutdownDefaultExecutor() takes a negative timeout for none', async () => {
      const warned = once(process, 'warning') as Promise<[Error]>;
      await loop.shutdownDefaultExecutor({ timeout: -1 });
      expect((await warned)[0].message).to.match(/within -1 seconds/);
    });

    it('shutdownDefaultExecutor() refuses what is no time, and shuts nothing down', async () => {
      for (const timeout of [NaN, '5', {}]) {
        const error = await rejection(loop.shutdownDefaultExecutor({ timeout: timeout as number }));
        expect(error).to.be.instanceOf(TypeError);
      }
      loop.runInExecutor(null, nothing);
      expect(executor.shutdowns).to.deep.equal([]);
    });
  });
});
