import { BaseEventLoop, LoopStateError, VirtualHost } from '@ringloop/core';
import { expect } from 'chai';
import { FakeExecutor } from './fake-executor.js';

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

  it('runInExecutor(null) says so when there is none', () => {
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
});
