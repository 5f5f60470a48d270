import { once } from 'node:events';
import { expect } from 'chai';
import { LoopGroup, type LoopRef, MainThreadError } from '@ringloop/threadsafe';
import {
  askAround,
  askBlocking,
  askBothWays,
  askInVain,
  askOften,
  takeAskedBack,
} from '../fixtures/blocking-calls.js';
import { blockUntil, createLoop, dieNow, doze, echo, isDozing, lastDoze } from '../fixtures/calls.js';

const spawn = (loops: number): Promise<LoopGroup> => LoopGroup.spawn({ loops, loopFactory: createLoop });

describe('ConcurrentFuture.result(timeout)', () => {
  let group: LoopGroup;
  let first: LoopRef;
  let second: LoopRef;

  before(async () => {
    group = await spawn(3);
    [first, second] = [group.next(), group.next()];
  });

  after(() => group.close());

  it('result(timeout) blocks a worker until the answer is there', async () => {
    expect(await first.runCoroutineThreadsafe(askBlocking, second, 20)).to.deep.equal({ value: ['asked'] });
  });

  it('result(timeout) blocks ten thousand times, one after the other', async () => {
    for (let i = 0; i < 10; i++) {
      const all = Array.from({ length: 1000 }, () =>
        first.runCoroutineThreadsafe(askBlocking, second, Infinity),
      );
      expect((await Promise.all(all)).every((ending) => 'value' in ending)).to.equal(true);
    }
  }).slow(5000);

  it('result(timeout) does not keep its thread from receiving answers that it awaits', async () => {
    for (let i = 0; i < 200; i++) {
      expect(await first.runCoroutineThreadsafe(askBothWays, second)).to.deep.equal([[1], [2]]);
    }
  });

  it('result(timeout) throws TimeoutError when the time is over; the call goes on', async () => {
    const ending = await first.runCoroutineThreadsafe(askInVain, second, 0.05);
    expect(ending).to.deep.equal({ name: 'TimeoutError', code: 'ERR_TIMEOUT' });
    expect(await first.runCoroutineThreadsafe(askBlocking, second, 20)).to.deep.equal({ value: ['asked'] });
  });

  it('result(timeout) refuses to wait for a loop of its own thread', async () => {
    const ending = await first.runCoroutineThreadsafe(askBlocking, first, 20);
    expect(ending).to.deep.equal({ name: 'DeadlockError', code: 'ERR_DEADLOCK' });
  });

  for (const size of [2, 3]) {
    it(`result(timeout) refuses at least one of ${size} loops that block for each other; the others are answered`, async () => {
      const words = new Int32Array(new SharedArrayBuffer(8));
      const circle = group.loops.slice(0, size);
      const endings = await Promise.all(
        circle.map((loop, i) =>
          loop.runCoroutineThreadsafe(
            askAround,
            words,
            [...circle.slice(i + 1), ...circle.slice(0, i + 1)],
            20,
          ),
        ),
      );
      expect(endings).to.deep.include({ name: 'DeadlockError', code: 'ERR_DEADLOCK' });
      for (const ending of endings)
        if ('value' in ending) expect(ending).to.deep.equal({ value: ['around'] });
      expect(endings.filter((ending) => 'name' in ending && ending.name !== 'DeadlockError')).to.deep.equal(
        [],
      );
    });
  }

  it('result(timeout) does not count a thread as blocked that was answered and has not gone on yet', async () => {
    const endings = await first.runCoroutineThreadsafe(askOften, first, second, 100);
    expect(endings).to.deep.equal(Array.from({ length: 100 }, () => ({ value: 'answered' })));
    const back = await second.runCoroutineThreadsafe(takeAskedBack);
    expect(back).to.deep.equal(Array.from({ length: 100 }, () => ({ value: [1] })));
  }).slow(2000);

  it('result(timeout) throws PeerExitedError within a second after the other thread has ended', async () => {
    const victims = await spawn(1);
    const victim = victims.next();
    const asking = first.runCoroutineThreadsafe(askInVain, victim, 60);
    while (!(await victim.runCoroutineThreadsafe(isDozing)));
    victim.callSoonThreadsafe(dieNow);
    await victim.drained().then(undefined, () => undefined); // it has ended
    const ended = performance.now();
    expect(await asking).to.deep.equal({ name: 'PeerExitedError', code: 'ERR_PEER_EXITED' });
    expect(performance.now() - ended).to.be.lessThan(1000);
    await victims.close();
  }).slow(1000);

  it('result(timeout) does not block the main thread, but gives what is there', async () => {
    const gate = new Int32Array(new SharedArrayBuffer(8));
    first.callSoonThreadsafe(blockUntil, gate);
    const future = first.runCoroutineThreadsafe(echo, 1);
    expect(() => future.result(1))
      .to.throw(MainThreadError, 'Cannot wait for the result of a call: the main thread may not be blocked')
      .with.property('code', 'ERR_MAIN_THREAD');
    expect(() => future.result()).to.throw('Result is not ready');
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await future;
    expect(future.result(1)).to.deep.equal([1]);
  });

  it('result(timeout) refuses what is no time', () => {
    const future = first.runCoroutineThreadsafe(echo, 1);
    expect(() => future.result('1' as never)).to.throw(
      TypeError,
      "timeout must be a number of seconds, got '1'",
    );
  });

  it('cancel() of a call is told to the other loop, and to whoever waits', async () => {
    const third = group.next();
    const dozing = third.runCoroutineThreadsafe(doze, 60);
    expect(await third.runCoroutineThreadsafe(isDozing)).to.equal(true);
    expect(dozing.cancel()).to.equal(true);
    expect(() => dozing.result(1))
      .to.throw()
      .with.property('name', 'CancelledError');
    expect(await third.runCoroutineThreadsafe(lastDoze)).to.equal('cancelled');
  });

  it('whenDone() whose callback throws warns of it, and keeps nobody from being answered', async () => {
    const warning = once(process, 'warning');
    const call = first.runCoroutineThreadsafe(echo, 1);
    call.whenDone(() => {
      throw new RangeError('thrown by whenDone()');
    });
    let told = false;
    call.whenDone(() => (told = true));
    expect(await call).to.deep.equal([1]);
    expect(told).to.equal(true);
    expect(String((await warning)[0])).to.equal('RangeError: thrown by whenDone()');
    expect(await first.runCoroutineThreadsafe(echo, 2)).to.deep.equal([2]);
  });
});
