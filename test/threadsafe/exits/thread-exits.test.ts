import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { sleep } from '@ringloop/core';
import { LoopGroup, LoopRef, PeerExitedError, watchWorker } from '@ringloop/threadsafe';
import { InboxMemory, onThreadExit } from '@ringloop/threadsafe/internal';
import {
  createLoop,
  dieNow,
  doze,
  dozeThere,
  echo,
  isDozing,
  loopWithInbox,
  note,
} from '../fixtures/calls.js';
import { loopWorker, spawnNested, throwUncaught } from '../fixtures/group-calls.js';
import { rejection } from '../../rejection.js';

const spawn = (loops: number): Promise<LoopGroup> =>
  LoopGroup.spawn({ loops, name: 'test', loopFactory: createLoop, onExit: () => undefined });

/** A plain worker that runs a loop, and that loop. */
async function plainLoop(watch: boolean): Promise<{ worker: Worker; ref: LoopRef }> {
  const worker = loopWorker();
  if (watch) expect(watchWorker(worker)).to.equal(worker);
  const [wire] = (await once(worker, 'message')) as [object];
  return { worker, ref: LoopRef.fromWire(wire) };
}

/** A loop of a group asks another loop, which then is asked whether it has begun. */
async function askFrom(asking: LoopRef, there: LoopRef): Promise<{ error: Promise<Error> }> {
  const error = rejection(asking.runCoroutineThreadsafe(dozeThere, there));
  while (!(await there.runCoroutineThreadsafe(isDozing))) await new Promise(setImmediate);
  return { error };
}

describe('The news that a thread has ended', () => {
  it('reaches the members of other groups', async () => {
    await using dying = await spawn(1);
    await using asking = await spawn(2);
    const errors = asking.loops.map((ref) => rejection(ref.runCoroutineThreadsafe(dozeThere, dying.loop(0))));
    await Promise.all(asking.loops.map((ref) => ref.runCoroutineThreadsafe(echo, 'asked')));
    dying.loop(0).callSoonThreadsafe(dieNow);
    for (const error of await Promise.all(errors)) {
      expect(error).to.be.instanceOf(PeerExitedError);
      expect(error.message).to.equal('The thread of loop "test-0" has ended (exit code 7)');
    }
  });

  it('brings the error with its class, and reaches a thread that has called before', async () => {
    await using group = await spawn(2);
    const { error } = await askFrom(group.loop(1), group.loop(0));
    group.loop(0).callSoonThreadsafe(throwUncaught);
    const { cause } = await error;
    expect(cause).to.include({ name: 'KettleError', code: 'ERR_KETTLE', message: 'uncaught' });
  });

  it('includes the loops that the thread had spawned', async () => {
    await using group = await spawn(2);
    const [inner, other] = (await group.loop(0).runCoroutineThreadsafe(spawnNested, 2)) as [LoopRef, LoopRef];
    expect(await inner.runCoroutineThreadsafe(echo, 1)).to.deep.equal([1]);
    const fromHere = rejection(other.runCoroutineThreadsafe(doze, 60));
    const fromLoop = rejection(group.loop(1).runCoroutineThreadsafe(dozeThere, inner));
    await group.loop(1).runCoroutineThreadsafe(echo, 'asked');
    group.loop(0).callSoonThreadsafe(dieNow);
    for (const error of await Promise.all([fromHere, fromLoop])) {
      expect(error).to.be.instanceOf(PeerExitedError);
      expect(error.message).to.include('has ended with the thread that spawned it');
    }
    // A thread that begins to call only now finds the inbox marked.
    await using late = await spawn(1);
    const error = await rejection(late.next().runCoroutineThreadsafe(dozeThere, inner));
    expect(error).to.be.instanceOf(PeerExitedError);
  });

  it('reaches a thread that calls only afterwards: its call fails at once, with the error', async () => {
    await using group = await spawn(1);
    const pending = rejection(group.next().runCoroutineThreadsafe(doze, 60));
    const dead = group.next();
    dead.callSoonThreadsafe(dieNow);
    await pending;
    await using late = await spawn(1);
    const error = await rejection(late.next().runCoroutineThreadsafe(dozeThere, dead));
    expect(error).to.be.instanceOf(PeerExitedError);
    expect(() => LoopRef.fromWire(dead.toWire()).callSoonThreadsafe(note, 1)).to.throw(
      PeerExitedError,
      'has ended (exit code 7)',
    );
  });

  it('is told by watchWorker() of a plain worker that was terminated', async () => {
    const { worker, ref } = await plainLoop(true);
    await using group = await spawn(1);
    const fromHere = rejection(ref.runCoroutineThreadsafe(doze, 60));
    const fromLoop = await askFrom(group.next(), ref);
    await worker.terminate();
    expect(await fromHere).to.be.instanceOf(PeerExitedError);
    expect(await fromLoop.error).to.be.instanceOf(PeerExitedError);
    expect(new InboxMemory(ref.address.memory).hasEnded()).to.equal(true);
  });

  it('is told by a plain worker itself that leaves or throws, watched or not', async () => {
    for (const [kill, cause] of [
      [dieNow, undefined],
      [throwUncaught, 'KettleError'],
    ] as const) {
      const { worker, ref } = await plainLoop(false);
      worker.on('error', () => undefined);
      const pending = rejection(ref.runCoroutineThreadsafe(doze, 60));
      ref.callSoonThreadsafe(kill);
      const error = await pending;
      expect(error).to.be.instanceOf(PeerExitedError);
      expect((error.cause as Error | undefined)?.name).to.equal(cause);
    }
  });

  it('frees the lanes of a plain worker that was terminated, when it is watched', async () => {
    const { loop, ref } = loopWithInbox();
    const memory = new InboxMemory(ref.address.memory);
    await loop.runUntilComplete(async () => {
      const { worker, ref: there } = await plainLoop(true);
      const asked = rejection(there.runCoroutineThreadsafe(dozeThere, ref));
      while (memory.lanesUsed() === 0 || memory.producerOf(0) === null) await sleep(0.001);
      await worker.terminate();
      expect(await asked).to.be.instanceOf(PeerExitedError);
      while (memory.producerOf(0) !== null) await sleep(0.001);
    });
    loop.close();
  });

  it('reaches the listeners of onThreadExit()', async () => {
    const ended: number[] = [];
    onThreadExit((threadId) => ended.push(threadId));
    const worker = watchWorker(new Worker('', { eval: true }));
    const { threadId } = worker;
    await once(worker, 'exit');
    expect(ended).to.include(threadId);
    expect(() => watchWorker(worker)).not.to.throw();
  });

  it('watchWorker() refuses what is no worker, or has ended', async () => {
    expect(() => watchWorker('thread 7' as unknown as Worker)).to.throw(TypeError, 'worker must be a Worker');
    const worker = new Worker('', { eval: true });
    await once(worker, 'exit');
    expect(() => watchWorker(worker)).to.throw(TypeError, 'Cannot watch a worker that has ended');
  });
});
