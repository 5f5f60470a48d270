import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import { LoopGroup, type LoopGroupCloseOptions, PeerExitedError } from '@ringloop/threadsafe';
import {
  blockUntil,
  createLoop,
  dieNow,
  doze,
  dozeForEver,
  isDozing,
  loopWithInbox,
  note,
} from '../fixtures/calls.js';
import {
  askInTurns,
  napFarAway,
  napHere,
  napThere,
  startBackground,
  takeUncaught,
  throwUncaught,
} from '../fixtures/group-calls.js';
import { rejection } from '../../rejection.js';

const spawn = (loops: number): Promise<LoopGroup> =>
  LoopGroup.spawn({ loops, name: 'test', loopFactory: createLoop, onExit: () => undefined });

describe('LoopGroup.close()', () => {
  it('lets a task come to its end that another thread waits for', async () => {
    const group = await spawn(1);
    const napping = group.next().runCoroutineThreadsafe(napHere, 0.2);
    expect(await group.close()).to.deep.equal([
      { index: 0, name: 'test-0', outcome: 'drained', cancelledTasks: 0, error: null },
    ]);
    expect(await napping).to.equal('had a nap');
  });

  it('lets a task have an answer from a loop that is closing as well', async () => {
    const group = await spawn(2);
    const napping = group.loop(0).runCoroutineThreadsafe(napThere, group.loop(1), 0.2);
    await group.loop(0).runCoroutineThreadsafe(napHere, 0); // it has asked
    expect((await group.close()).map(({ outcome }) => outcome)).to.deep.equal(['drained', 'drained']);
    expect(await napping).to.equal('had a nap');
  });

  it('does not wait for tasks that no other thread waits for: they are cancelled, and counted', async () => {
    const group = await spawn(1);
    await group.next().runCoroutineThreadsafe(startBackground);
    const started = performance.now();
    expect((await group.close({ timeout: 60 }))[0]).to.include({ outcome: 'drained', cancelledTasks: 1 });
    expect(performance.now() - started).to.be.lessThan(20_000);
  });

  it('counts the calls that had arrived but not begun when the time was over', async () => {
    const group = await spawn(1);
    const ref = group.next();
    await ref.runCoroutineThreadsafe(napHere, 0);
    const naps = Array.from({ length: 5 }, () => rejection(ref.runCoroutineThreadsafe(napHere, 5)));
    expect((await group.close({ drain: 0 }))[0]).to.include({ outcome: 'cancelled', cancelledTasks: 5 });
    for (const nap of naps) expect(await nap).to.have.property('code', 'ERR_CANCELLED');
  });

  it('cancels what is left after the drain time', async () => {
    const group = await spawn(1);
    const ref = group.next();
    const dozing = rejection(ref.runCoroutineThreadsafe(doze, 1000));
    while (!(await ref.runCoroutineThreadsafe(isDozing))); // on a busy machine it may not have begun in time
    expect((await group.close({ drain: 0.05 }))[0]).to.include({ outcome: 'cancelled', cancelledTasks: 1 });
    expect((await dozing).name).to.equal('CancelledError');
  });

  it('ends loops that wait for each other for ever', async () => {
    const group = await spawn(2);
    const [first, second] = [group.loop(0), group.loop(1)];
    const asking = rejection(first.runCoroutineThreadsafe(askInTurns, second, first, 5));
    while (!(await first.runCoroutineThreadsafe(isDozing))); // the last of the turns
    const outcomes = (await group.close({ drain: 0.1 })).map(({ outcome }) => outcome);
    // The end of what was cancelled first may end the other's wait before that is cancelled.
    expect(outcomes).to.include('cancelled');
    expect(outcomes).to.not.include('terminated');
    expect((await asking).name).to.equal('CancelledError');
  });

  it('terminates a thread that never comes to rest, and says so', async () => {
    const group = await spawn(2);
    const gate = new Int32Array(new SharedArrayBuffer(8));
    group.loop(1).callSoonThreadsafe(blockUntil, gate);
    const pending = rejection(group.loop(1).runCoroutineThreadsafe(napHere, 0));
    expect((await group.close({ timeout: 0.2 })).map(({ outcome }) => outcome)).to.deep.equal([
      'drained',
      'terminated',
    ]);
    expect(await pending).to.be.instanceOf(PeerExitedError);
  });

  it('that terminates rejects pending calls, also of loops that have found this one closed', async () => {
    const group = await spawn(1);
    const there = group.next();
    const pending = rejection(there.runCoroutineThreadsafe(dozeForEver));
    while (!(await there.runCoroutineThreadsafe(isDozing)));
    const closing = group.close({ drain: 0, timeout: 0.2 });
    await sleep(100);
    expect(there.tryCallSoonThreadsafe(note, 1)).to.equal(false);
    const { loop, ref } = loopWithInbox();
    ref.callSoonThreadsafe(note, 'elsewhere');
    loop.close();
    expect((await closing)[0]).to.include({ outcome: 'terminated' });
    expect(await pending).to.be.instanceOf(PeerExitedError);
  });

  it('reports no error that the thread itself took care of', async () => {
    const group = await spawn(1);
    group.next().callSoonThreadsafe(takeUncaught);
    group.next().callSoonThreadsafe(throwUncaught);
    await group.next().runCoroutineThreadsafe(napHere, 0.05);
    expect((await group.close())[0]).to.include({ outcome: 'drained', error: null });
  });

  it('does not wait for tasks of a thread that has ended meanwhile', async () => {
    const [group, callers] = [await spawn(1), await spawn(1)];
    const there = group.next();
    callers.next().callSoonThreadsafe(napFarAway, there, 1000);
    while (!(await there.runCoroutineThreadsafe(isDozing)));
    const closing = group.close({ drain: 60, timeout: 90 });
    await sleep(50);
    await callers.close({ timeout: 0 });
    expect((await closing)[0]).to.include({ outcome: 'drained' });
  });

  it('called again with less time ends sooner, and gives the same report', async () => {
    const group = await spawn(1);
    const dozing = rejection(group.next().runCoroutineThreadsafe(doze, 1000));
    const patient = group.close({ timeout: Infinity });
    const hurried = group.close({ drain: 0 });
    expect(await patient).to.deep.equal(await hurried);
    expect((await patient)[0]).to.include({ outcome: 'cancelled' });
    expect((await dozing).name).to.equal('CancelledError');
    expect(await group.close()).to.deep.equal(await hurried);
  });

  it('says of a loop that dies meanwhile that it exited, and does not restart it', async () => {
    let restarts = 0;
    const group = await LoopGroup.spawn({
      loops: 1,
      loopFactory: createLoop,
      restart: true,
      onRestart: () => restarts++,
    });
    group.next().callSoonThreadsafe(dieNow);
    const [report] = await group.close();
    expect(report).to.include({ outcome: 'exited', cancelledTasks: null, error: null });
    expect(restarts).to.equal(0);
    expect(() => group.loop(0).callSoonThreadsafe(note, 1)).to.throw(PeerExitedError);
  });

  it('refuses what is no time', async () => {
    await using group = await spawn(1);
    for (const [options, code] of [
      [{ timeout: -1 }, 'ERR_OUT_OF_RANGE'],
      [{ drain: -0.5 }, 'ERR_OUT_OF_RANGE'],
      [{ timeout: '1' }, 'ERR_INVALID_ARG_TYPE'],
      [{ drain: NaN }, undefined],
    ] as const) {
      const error = await rejection(group.close(options as LoopGroupCloseOptions));
      expect(error).to.be.instanceOf(Error);
      if (code !== undefined) expect(error).to.have.property('code', code);
    }
    expect(group.next().name).to.equal('test-0'); // it was not closed
  });
});
