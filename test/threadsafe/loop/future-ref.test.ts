import { inspect } from 'node:util';
import { expect } from 'chai';
import { BaseEventLoop, CancelledError, type Future, InvalidStateError, sleep } from '@ringloop/core';
import { type CancelRef, type FutureRef, LoopGroup, LoopRef, refTo } from '@ringloop/threadsafe';
import { createLoop, loopWithInbox } from '../fixtures/calls.js';
import { cancelIt, failIt, giveBack, settleIt } from '../fixtures/future-calls.js';

describe('refTo()', () => {
  let group: LoopGroup;
  let there: LoopRef;
  let loop: BaseEventLoop;
  let future: Future<unknown>;

  before(async () => {
    group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
    there = group.next();
  });

  after(() => group.close());

  beforeEach(() => {
    ({ loop } = loopWithInbox());
    future = loop.createFuture();
  });

  afterEach(() => loop.close());

  it('refTo(future) lets another thread set its result', async () => {
    there.callSoonThreadsafe(settleIt, refTo(future), ['tea', 2]);
    expect(await loop.runUntilComplete(future)).to.deep.equal(['tea', 2]);
  });

  it('refTo(future) wakes the loop that waits for it, 1,000 times', async () => {
    // uvloop#720: there a loop slept on, although a thread had called it
    await loop.runUntilComplete(async () => {
      for (let round = 0; round < 1000; round++) {
        const awaited = loop.createFuture<unknown>();
        there.callSoonThreadsafe(settleIt, refTo(awaited), round);
        expect(await awaited).to.equal(round);
      }
    });
  }).slow(2000);

  it('refTo(future) lets another thread set its exception, with its class', async () => {
    there.callSoonThreadsafe(failIt, refTo(future));
    const thrown = await loop.runUntilComplete(future).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(thrown).to.be.instanceOf(RangeError).with.property('message', 'too hot');
  });

  it('refTo(future) that is settled too late tells the exception handler of its loop', async () => {
    const contexts: unknown[] = [];
    loop.setExceptionHandler((_, { exception }) => contexts.push(exception));
    const ref = refTo(future);
    future.setResult('first');
    await loop.runUntilComplete(async () => {
      await there.runCoroutineThreadsafe(settleIt, ref, 'second');
      while (contexts.length === 0) await sleep(0);
    });
    expect(future.result()).to.equal('first');
    expect(contexts[0])
      .to.be.instanceOf(InvalidStateError)
      .with.property('message', 'Cannot settle a future from another thread: it is done');
  });

  it('refTo(future).cancel() cancels it, and does nothing when it is done', async () => {
    const done = loop.createFuture<number>();
    const refs = [refTo(future), refTo(done)];
    done.setResult(1);
    await loop.runUntilComplete(async () => {
      for (const ref of refs) await there.runCoroutineThreadsafe(cancelIt, ref);
      while (!future.done()) await sleep(0);
    });
    expect([future.cancelled(), done.result()]).to.deep.equal([true, 1]);
  });

  it('refTo(task).cancel() cancels the task', async () => {
    const outcome = await loop.runUntilComplete(async () => {
      const task = loop.createTask(async () => sleep(60));
      const ref: CancelRef = refTo(task);
      there.callSoonThreadsafe(cancelIt, ref);
      try {
        await task;
        return;
      } catch (thrown) {
        return thrown;
      }
    });
    expect(outcome).to.be.instanceOf(CancelledError);
  });

  it('refTo(handle).cancel() keeps a timer from running', async () => {
    let rang = false;
    const timer = loop.callLater(3600, () => (rang = true));
    await loop.runUntilComplete(async () => {
      await there.runCoroutineThreadsafe(cancelIt, refTo(timer));
      while (!timer.cancelled()) await sleep(0);
    });
    expect(rang).to.equal(false);
  });

  it('refTo() can be sent on and comes back as a reference to the same loop', async () => {
    const back = (await there.runCoroutineThreadsafe(giveBack, refTo(future))) as FutureRef<unknown>;
    expect(back.loop.name).to.equal('main');
    expect(inspect(back)).to.match(/^<FutureRef \d+ of main>$/);
    back.setResult(1); // from its own thread as well
    expect(await loop.runUntilComplete(future)).to.equal(1);
  });

  it('refTo() of the same future is the same number, and ten thousand of them are forgotten when they are done', async () => {
    expect(inspect(refTo(future))).to.equal(inspect(refTo(future)));
    const futures = Array.from({ length: 10_000 }, () => loop.createFuture<number>());
    for (const [i, each] of futures.entries()) refTo(each).setResult(i);
    await loop.runUntilComplete(async () => {
      for (const [i, each] of futures.entries()) expect(await each).to.equal(i);
    });
  });

  it('refTo() of a future whose loop is closed refuses as the loop does', () => {
    const ref = refTo(future);
    loop.close();
    expect(() => ref.setResult(1))
      .to.throw('Event loop is closed')
      .with.property('code', 'ERR_LOOP_CLOSED');
  });

  it('refTo() refuses what is none of these, and what belongs to a loop without an inbox', () => {
    expect(() => refTo({} as never)).to.throw(
      TypeError,
      'target must be a future, a task or a handle, got {}',
    );
    const bare = new BaseEventLoop();
    expect(() => refTo(bare.createFuture())).to.throw(
      TypeError,
      'its loop has no inbox for calls from other threads',
    );
    bare.close();
  });
});
