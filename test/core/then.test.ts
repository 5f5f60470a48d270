import { inspect } from 'node:util';
import { BaseEventLoop, type Future, sleep, VirtualHost } from '@ringloop/core';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
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

  it('Reaction that throws rejects its promise, and the loop reports nothing', async () => {
    const reports = reportsOf(loop);
    const result = rejection(
      future.then(() => {
        throw new Error('in the reaction');
      }),
    );
    const recovered = rejection(
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
    const replaced = rejection(
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
      await rejection(future).then(
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
    expect((await rejection(loop.runUntilComplete(task))).message).to.equal('late');
    expect([log, task.cancelled()]).to.deep.equal([[], true]);
  });

  it('Reaction to sleep(0) that is awaited is cancelled in that iteration', async () => {
    const task = loop.createTask(async () => {
      await sleep(0).then(() => log.push('not called'));
    });
    loop.callSoon(() => {
      task.cancel();
      task.cancel('again');
    });
    await rejection(loop.runUntilComplete(task));
    expect([task.cancelled(), log]).to.deep.equal([true, []]);
  });

  it('Reaction that is done refuses to be cancelled, and sleep(0) that nobody waits for any more', async () => {
    future.setResult(1);
    await loop.runUntilComplete(async () => {
      const done = loop.createTask(async () => future.then());
      await done;
      expect(done.cancel()).to.equal(false);
      const reactions = [sleep(0).then(), future.then()] as unknown as Future<number>[]; // as they are
      const calls: unknown[] = [];
      for (const reaction of reactions) reaction.addDoneCallback((settled) => calls.push(settled.result()));
      await sleep(1);
      expect([reactions.map((reaction) => reaction.cancel()), calls]).to.deep.equal([
        [false, false],
        [1, undefined],
      ]);
    });
  });

  it('Reaction to a future that refuses to be cancelled is told all the same', async () => {
    future.cancel = () => false;
    const task = loop.createTask(async () => {
      log.push(String(await rejection(future.finally(() => log.push('finally')))));
    });
    await runOnce(loop);
    task.cancel('enough');
    await loop.runUntilComplete(task);
    expect([future.done(), ...log]).to.deep.equal([false, 'finally', 'CancelledError: enough']);
  });

  it('Reaction is what its task is shown to wait for, and so is what it takes part in', async () => {
    const host = new VirtualHost({ autojump: true, onIdle: () => loop.stop(), nextDeadline: () => Infinity });
    loop = new BaseEventLoop({ host, debug: true });
    future = loop.createFuture();
    const tasks = [
      loop.createTask(async () => future.then(String)),
      loop.createTask(async () => Promise.all([future])),
    ];
    await loop.runForever();
    for (const task of tasks) expect(inspect(task)).to.include('waitFor=<Future pending>');
    future.setResult(1);
    await loop.runUntilComplete(() => Promise.all(tasks));
    expect(tasks[0]?.result()).to.equal('1');
  });
});
