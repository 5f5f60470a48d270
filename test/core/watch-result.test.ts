import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import { runInNewContext } from 'node:vm';
import { type BaseEventLoop, CancelledError, type ExceptionContext, sleep, SystemExit } from '@ringloop/core';
import { watchResult } from '@ringloop/core/internal';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf } from './virtual-loop.js';

describe('core/watch-result', () => {
  let loop: BaseEventLoop;
  let reports: ExceptionContext[];

  beforeEach(() => {
    loop = jumpingLoop();
    reports = reportsOf(loop);
  });

  const described = (): string[] =>
    reports.map(({ message, exception }) => `${String(message)}: ${String(exception)}`);

  async function failLate(): Promise<never> {
    await Promise.resolve();
    throw new RangeError('late');
  }

  it('callSoon(), callLater() and addDoneCallback() report what a promise of the callback rejects with', async () => {
    await loop.runUntilComplete(async () => {
      const handle = loop.callSoon(function soon(...numbers: number[]) {
        return numbers.length === 1 ? failLate() : null;
      }, 5);
      loop.callLater(1, function later() {
        return failLate();
      });
      const future = loop.createFuture<number>();
      future.addDoneCallback(function done() {
        return failLate();
      });
      future.setResult(1);
      await sleep(2);
      expect(reports[0]?.handle).to.equal(handle);
    });
    expect(described()).to.have.length(3);
    expect(described()[0]).to.equal('Exception in callback soon(5): RangeError: late');
    expect(described()[1]).to.match(/^Exception in callback done\(<Future finished .*: RangeError: late$/);
    expect(described()[2]).to.equal('Exception in callback later(): RangeError: late');
  });

  it('callSoon() reports in the context of the call, and says in debug mode where it was made', async () => {
    const user = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    loop.setDebug(true);
    loop.setExceptionHandler((_, context) => {
      seen.push(user.getStore(), context.sourceTraceback?.includes('watch-result.test'));
    });
    await loop.runUntilComplete(async () => {
      user.run('Ada', () => loop.callSoon(() => failLate()));
      await sleep(1);
    });
    expect(seen).to.deep.equal(['Ada', true]);
  });

  it('callSoon() ends the loop with a SystemExit that a promise of the callback rejects with', async () => {
    const ended = loop.runUntilComplete(async () => {
      loop.callSoon(() => Promise.reject(new SystemExit(3)));
      await sleep(10);
    });
    expect(await rejection(ended))
      .to.be.instanceOf(SystemExit)
      .with.property('exitCode', 3);
    expect(reports).to.deep.equal([]);
  });

  it('callSoon() leaves futures alone, which tell of their errors themselves, and a cancellation is no error', async () => {
    await loop.runUntilComplete(async () => {
      const future = loop.createFuture();
      loop.callSoon(() => future);
      loop.callSoon(() => Promise.reject(new CancelledError()));
      await sleep(1);
      future.setException(new RangeError('of the future'));
      expect(future.exception()).to.be.instanceOf(RangeError);
      await sleep(1);
    });
    expect(reports).to.deep.equal([]);
  });

  it('watchResult() calls no then() of what is no promise: that may begin what was never meant to', () => {
    let began = 0;
    const lazy = { then: () => began++ };
    for (const value of [
      lazy,
      undefined,
      null,
      5,
      'x',
      {},
      () => Promise.reject(new Error('never called')),
    ]) {
      watchResult(value, () => expect.fail('told'));
    }
    expect(began).to.equal(0);
  });

  it('watchResult() sees promises of other realms, and of classes with a then() of their own', async () => {
    class Own<T> extends Promise<T> {
      override then(): never {
        throw new Error('not to be asked');
      }
    }
    const told: unknown[] = [];
    watchResult(runInNewContext('Promise.reject(1)'), (thrown) => told.push(thrown));
    watchResult(new Own((_, reject) => reject(new Error('two'))), (thrown) =>
      told.push((thrown as Error).message),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).to.deep.equal([1, 'two']);
  });

  it('watchResult() leaves a promise that rejects with a cancellation to unhandledRejection', async () => {
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    const unhandled = once(process, 'unhandledRejection');
    const error = new CancelledError();
    watchResult(Promise.reject(error), () => expect.fail('told'));
    const [reason] = (await unhandled) as [unknown];
    for (const listener of listeners) process.on('unhandledRejection', listener);
    expect(reason).to.equal(error);
  });
});
