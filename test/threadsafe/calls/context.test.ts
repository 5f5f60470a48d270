import { AsyncLocalStorage } from 'node:async_hooks';
import { expect } from 'chai';
import { LoopGroup, type LoopRef } from '@ringloop/threadsafe';
import { createLoop, echo, loopWithInbox } from '../fixtures/calls.js';
import { enter, enterNumber, lookFrom, runWith, takeSeen, taskEnters } from '../fixtures/contexts.js';

describe('threadsafe: AsyncLocalStorages of what is called from another thread', () => {
  let group: LoopGroup;
  let there: LoopRef;

  before(async () => {
    group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
    there = group.next();
    await there.runCoroutineThreadsafe(takeSeen);
  });
  after(() => group.close());

  it('callSoonThreadsafe() of a function that calls enterWith() leaves nothing to the calls behind it', async () => {
    there.callSoonThreadsafe(enter, 'Ada');
    there.callSoonThreadsafe(lookFrom, 'call');
    await there.runCoroutineThreadsafe(echo);
    there.callSoonThreadsafe(lookFrom, 'later call');
    // Its own callback may come before the second call, which stands in the next batch if it was made late.
    expect(await there.runCoroutineThreadsafe(takeSeen)).to.have.members([
      'callback: Ada',
      'call: nobody',
      'its callback: Ada',
      'later call: nobody',
      'task of nobody: nobody',
      'task of nobody, later: nobody',
    ]);
  });

  it('callSoonThreadsafe() with a number, and of a function that throws, leaves nothing either', async () => {
    for (const number of [1, 2, -1]) there.callSoonThreadsafe(enterNumber, number);
    there.callSoonThreadsafe(lookFrom, 'call');
    expect(await there.runCoroutineThreadsafe(takeSeen)).to.deep.equal([
      'call: nobody',
      'task of nobody: nobody',
      'task of nobody, later: nobody',
    ]);
  });

  it('callSoonThreadsafe() of a function that uses run() leaves nothing', async () => {
    there.callSoonThreadsafe(runWith, 'Ada');
    there.callSoonThreadsafe(lookFrom, 'call');
    expect(await there.runCoroutineThreadsafe(takeSeen)).to.deep.equal([
      'within run(): Ada',
      'call: nobody',
      'task of nobody: nobody',
      'task of nobody, later: nobody',
    ]);
  });

  it('runCoroutineThreadsafe() keeps for the task what it has stored, and for no other', async () => {
    const entered = there.runCoroutineThreadsafe(taskEnters, 'Ada');
    await entered;
    there.callSoonThreadsafe(lookFrom, 'call');
    expect(await there.runCoroutineThreadsafe(takeSeen)).to.deep.equal([
      'task: Ada',
      'call: nobody',
      'task of nobody: nobody',
      'task of nobody, later: nobody',
    ]);
  });

  it('ConcurrentFuture.whenDone() calls back with what was stored where it was given', async () => {
    const user = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { loop } = loopWithInbox();
    await loop.runUntilComplete(async () => {
      const call = there.runCoroutineThreadsafe(echo, 1);
      user.run('Ada', () => call.whenDone(() => user.enterWith('Bob')));
      user.run('Cleo', () => call.whenDone(() => seen.push(user.getStore())));
      call.whenDone(() => seen.push(user.getStore()));
      await call;
      seen.push(user.getStore());
    });
    loop.close();
    expect(seen).to.deep.equal(['Cleo', undefined, undefined]);
  });
});
