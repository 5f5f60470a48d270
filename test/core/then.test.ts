import { type BaseEventLoop, type Future } from '@ringloop/core';
import { expect } from 'chai';
import { rejectionOf } from './rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

describe('core/then', () => {
  let loop: BaseEventLoop;
  let future: Future<number>;
  let log: string[];

  beforeEach(() => {
    loop = jumpingLoop();
    future = loop.createFuture<number>();
    log = [];
  });

  it('Reaction that throws rejects, and is no business of the loop', async () => {
    const reports = reportsOf(loop);
    const result = rejectionOf(
      future.then(() => {
        throw new Error('in the reaction');
      }),
    );
    const recovered = rejectionOf(
      future
        .then(undefined, () => {
          throw new Error('not called');
        })
        .then(() => {
          throw new Error('passed on');
        }),
    );
    future.setResult(1);
    await runOnce(loop);
    expect([(await result).message, (await recovered).message]).to.deep.equal([
      'in the reaction',
      'passed on',
    ]);
    expect(reports).to.deep.equal([]);
  });

  it('Reaction to a failure may recover, or throw another error', async () => {
    const recovered = future.then(
      () => 'no',
      (reason: unknown) => `recovered from ${String(reason)}`,
    );
    const replaced = rejectionOf(
      future.catch(() => {
        throw new RangeError('another');
      }),
    );
    future.setException(new Error('boom'));
    await runOnce(loop);
    expect([await recovered, String(await replaced)]).to.deep.equal([
      'recovered from Error: boom',
      'RangeError: another',
    ]);
  });

  it('Reaction of a task that was cancelled after the future was done is told of that instead', async () => {
    const task = loop.createTask(async () => {
      log.push(await future.then(String, (reason: unknown) => `rejected with ${String(reason)}`));
      await rejectionOf(future).then(
        (error) => log.push(String(error)),
        () => log.push('no error'),
      );
    });
    await runOnce(loop);
    future.setResult(1);
    task.cancel('late');
    await loop.runUntilComplete(task);
    expect(log).to.deep.equal(['rejected with CancelledError: late', 'no error']);
  });

  it('Reaction of a task that was cancelled passes the CancelledError on where nothing reacts to it', async () => {
    const task = loop.createTask(async () => {
      await future.then((value) => log.push(`got ${value}`));
    });
    await runOnce(loop);
    future.setResult(1);
    task.cancel('late');
    expect((await rejectionOf(loop.runUntilComplete(task))).message).to.equal('late');
    expect([log, task.cancelled()]).to.deep.equal([[], true]);
  });
});
