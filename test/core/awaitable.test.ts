import { type Awaitable, type BaseEventLoop, sleep } from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { jumpingLoop } from './virtual-loop.js';

describe('core/awaitable', () => {
  let loop: BaseEventLoop;
  let log: string[];
  const note = (what: string) => (): void => void log.push(what);

  /** A future that gets its result in the next iteration. */
  function settledSoon<T>(value: T): Awaitable<T> {
    const future = loop.createFuture<T>();
    loop.callSoon(() => future.setResult(value));
    return future;
  }

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  it('Awaitable.finally() runs its function when there is a result, and gives that result', async () => {
    const results = await loop.runUntilComplete(async () => [
      await settledSoon('future').finally(note('after future')),
      await sleep(0, 'sleep').finally(note('after sleep')),
      await sleep(0, 'no function').finally(),
      await settledSoon('null').finally(null),
    ]);
    expect(results).to.deep.equal(['future', 'sleep', 'no function', 'null']);
    expect(log).to.deep.equal(['after future', 'after sleep']);
  });

  it('Awaitable.finally() runs its function when there is an error, and passes the error on', async () => {
    const future = loop.createFuture();
    loop.callSoon(() => future.setException(new Error('boom')));
    const error = await loop.runUntilComplete(() => rejection(future.finally(note('cleaned up'))));
    expect([error.message, ...log]).to.deep.equal(['boom', 'cleaned up']);
  });

  it('Awaitable.finally() rejects with what its function throws', async () => {
    const error = await loop.runUntilComplete(() =>
      rejection(
        settledSoon(1).finally(() => {
          throw new Error('in finally');
        }),
      ),
    );
    expect(error.message).to.equal('in finally');
  });

  it('Awaitable.finally() leaves the await that of the task, which cancel() reaches', async () => {
    const future = loop.createFuture();
    const task = loop.createTask(async () => {
      await future.finally(note('cleaned up'));
    });
    loop.callLater(1, () => task.cancel('enough'));
    expect((await rejection(loop.runUntilComplete(task))).message).to.equal('enough');
    expect([future.cancelled(), ...log]).to.deep.equal([true, 'cleaned up']);
  });

  it('Awaitable.catch() handles an error, and passes a result on', async () => {
    const failed = loop.createFuture();
    failed.setException(new Error('boom'));
    const results = await loop.runUntilComplete(async () => [
      await failed.catch((reason: unknown) => String(reason)),
      await settledSoon('result').catch(note('not called')),
      await sleep(0, 'slept').catch(note('not called')),
      (await rejection(failed.catch())).message,
    ]);
    expect(results).to.deep.equal(['Error: boom', 'result', 'slept', 'boom']);
    expect(log).to.deep.equal([]);
  });

  it('Awaitable of a generator is tagged, not as a Promise: Node would take the short way of its own', async () => {
    const tags: string[] = [];
    await loop.runUntilComplete(function* () {
      for (const awaitable of [sleep(0), sleep(1)]) {
        tags.push(Object.prototype.toString.call(awaitable));
        yield* awaitable;
      }
    });
    expect(tags).to.deep.equal(['[object NextIteration]', '[object Future]']);
  });
});
