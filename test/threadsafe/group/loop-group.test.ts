import { once } from 'node:events';
import { expect } from 'chai';
import { type BaseEventLoop, sleep } from '@ringloop/core';
import {
  type LoopFactory,
  LoopGroup,
  LoopRef,
  PeerExitedError,
  remote,
  RingFullError,
} from '@ringloop/threadsafe';
import { InboxMemory, thisProducer } from '@ringloop/threadsafe/internal';
import {
  askThrough,
  blockUntil,
  countNotes,
  crash,
  createLoop,
  dieNow,
  doze,
  dozeThere,
  echo,
  loopWithInbox,
  note,
  noted,
  neverRest,
  noteIn,
  replyMemoryFor,
  sendForever,
  tallies,
  thread,
} from '../fixtures/calls.js';
import { rejection } from '../../rejection.js';

const spawn = (loops: number, loopFactory: LoopFactory = createLoop): Promise<LoopGroup> =>
  LoopGroup.spawn({ loops, name: 'test', loopFactory });

describe('LoopGroup', () => {
  it('spawn() starts one loop in each of so many threads', async () => {
    await using group = await spawn(3);
    expect(group.loops.map((ref) => ref.name)).to.deep.equal(['test-0', 'test-1', 'test-2']);
    const threads = await Promise.all(group.loops.map((ref) => ref.runCoroutineThreadsafe(thread)));
    expect(new Set(threads).size).to.equal(3);
  });

  it('spawn() refuses a number of loops that is none', async () => {
    for (const loops of [0, -1, 1.5, NaN, 33]) {
      const error = await rejection(spawn(loops));
      expect(error).to.be.instanceOf(RangeError).with.property('code', 'ERR_OUT_OF_RANGE');
      expect(error.message).to.equal(`loops must be an integer from 1 to 32, got ${loops}`);
    }
  });

  it('spawn() rejects when a loop cannot be made, and leaves no thread behind', async () => {
    const url = new URL('../fixtures/calls.js', import.meta.url).href;
    const noFactory = remote(url, function noFactory(): BaseEventLoop {
      throw new Error('never called');
    });
    const error = await rejection(spawn(2, noFactory));
    expect(error).to.be.instanceOf(PeerExitedError);
    expect((error.cause as Error).message).to.include('makes no remote function of that name');
  });

  it('next() gives one loop after the other', async () => {
    await using group = await spawn(2);
    expect([group.next(), group.next(), group.next()].map((ref) => ref.name)).to.deep.equal([
      'test-0',
      'test-1',
      'test-0',
    ]);
  });

  it('close() runs the calls made before it, cancels tasks, and can be repeated', async () => {
    const { loop, ref } = loopWithInbox();
    await loop.runUntilComplete(async () => {
      const group = await spawn(1);
      for (let i = 0; i < 1000; i++) group.next().callSoonThreadsafe(noteIn, ref, i);
      const dozing = rejection(group.next().runCoroutineThreadsafe(doze, 60));
      await Promise.all([group.close({ drain: 0 }), group.close()]);
      expect((await dozing).name).to.equal('CancelledError');
      expect(() => group.next().callSoonThreadsafe(note, 1))
        .to.throw(Error, 'the group is closed')
        .with.property('code', 'ERR_LOOP_CLOSED');
      await sleep(0.01);
    });
    expect(noted.splice(0)).to.deep.equal(Array.from({ length: 1000 }, (_, i) => i));
    loop.close();
  });

  it('close() ends a loop whose callbacks reschedule themselves for ever', async () => {
    const group = await spawn(1);
    group.next().callSoonThreadsafe(neverRest);
    group.next().callSoonThreadsafe(note, 'still runs');
    await group.close({ timeout: 60 });
  });

  it('close() terminates a loop that does not come to its end in time', async () => {
    const group = await spawn(1);
    const gate = new Int32Array(new SharedArrayBuffer(8));
    group.next().callSoonThreadsafe(blockUntil, gate);
    const pending = rejection(group.next().runCoroutineThreadsafe(echo, 1));
    await group.close({ timeout: 0.1 });
    expect(await pending).to.be.instanceOf(PeerExitedError);
  });

  it('close() stops a loop whose ring was full', async () => {
    const group = await spawn(1);
    const gate = new Int32Array(new SharedArrayBuffer(8));
    group.next().callSoonThreadsafe(blockUntil, gate);
    expect(() => {
      while (true) group.next().callSoonThreadsafe(note, 'x'.repeat(100_000));
    }).to.throw(RingFullError);
    expect(() => {
      while (true) group.next().callSoonThreadsafe(note, 1); // the last free bytes
    }).to.throw(RingFullError);
    const closing = group.close({ timeout: 60 });
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await closing;
    expect(group).to.be.instanceOf(LoopGroup);
  });

  it('a thread that exits rejects what was pending on it, in every thread, with PeerExitedError', async () => {
    await using group = await spawn(3);
    const [dying, asking, other] = group.loops as [LoopRef, LoopRef, LoopRef];
    const fromMain = rejection(dying.runCoroutineThreadsafe(doze, 60));
    const fromLoop = rejection(asking.runCoroutineThreadsafe(dozeThere, dying));
    expect(await asking.runCoroutineThreadsafe(echo, 'asked')).to.deep.equal(['asked']);
    dying.callSoonThreadsafe(dieNow);
    for (const error of await Promise.all([fromMain, fromLoop])) {
      expect(error).to.be.instanceOf(PeerExitedError);
      expect(error.message).to.equal('The thread of loop "test-0" has ended (exit code 7)');
    }
    expect(() => dying.callSoonThreadsafe(note, 1)).to.throw(PeerExitedError);
    expect(await other.runCoroutineThreadsafe(echo, 'fine')).to.deep.equal(['fine']);
  });

  it('an uncaught error in a thread ends its loop and is the cause', async () => {
    await using group = await spawn(1);
    const pending = rejection(group.next().runCoroutineThreadsafe(doze, 60));
    const warned = once(process, 'warning');
    group.next().callSoonThreadsafe(crash);
    const error = await pending;
    expect(error).to.be.instanceOf(PeerExitedError);
    expect(error.cause).to.be.instanceOf(Error).with.property('message', 'crashed on purpose');
    expect(await warned).to.deep.equal([error.cause]); // somebody must be told, even if nothing is pending
  });

  it('a producer terminated in the middle of sending leaves the loop running', async () => {
    const { loop, ref } = loopWithInbox();
    await loop.runUntilComplete(async () => {
      for (let kill = 0; kill < 20; kill++) {
        const group = await spawn(1);
        group.next().callSoonThreadsafe(sendForever, ref, -1 - kill);
        while ((tallies.get(-1 - kill)?.next ?? 0) < 100 + 37 * kill) await sleep(0.0005);
        await group.close({ timeout: 0.001 });
      }
      // The loop still answers, and still falls asleep and wakes.
      await using group = await spawn(1);
      for (let i = 0; i < 10; i++) {
        await sleep(0.002);
        await group.next().runCoroutineThreadsafe(echo, i);
        group.next().callSoonThreadsafe(noteIn, ref, i);
      }
      while (noted.length < 10) await sleep(0.001);
    });
    expect(noted.splice(0)).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const killed = Array.from({ length: 20 }, (_, kill) => tallies.get(-1 - kill)?.ordered);
    expect(killed).to.deep.equal(Array.from({ length: 20 }, () => true));
    loop.close();
  }).slow(10_000);

  it('threads that come and go give their lanes back', async () => {
    const { loop, ref } = loopWithInbox();
    const lanes = new InboxMemory(ref.address.memory);
    const theirs: InboxMemory[] = [];
    const isIn = (inbox: InboxMemory): boolean => inbox.hasLaneOf(thisProducer);
    await loop.runUntilComplete(async () => {
      for (let round = 0; round < 5; round++) {
        const group = await spawn(2);
        for (const there of group.loops) {
          there.callSoonThreadsafe(noteIn, ref, round);
          await there.runCoroutineThreadsafe(askThrough, [ref]); // so that this thread answers them
          const replies = await there.runCoroutineThreadsafe(replyMemoryFor, thisProducer);
          theirs.push(new InboxMemory(there.address.memory), new InboxMemory(replies));
        }
        expect(theirs.slice(-4).every(isIn)).to.equal(true);
        await group.close();
        while (noted.length < 2 * (round + 1)) await sleep(0.001);
      }
      while (theirs.some(isIn)) await sleep(0.001); // nor does this thread keep theirs
    });
    expect(noted.splice(0)).to.deep.equal([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
    expect(lanes.lanesUsed()).to.be.lessThan(5);
    loop.close();
  });

  it('a loop that does not read is sent no more than its ring may grow to', async () => {
    await using group = await spawn(1);
    const there = group.next();
    const gate = new Int32Array(new SharedArrayBuffer(8));
    there.callSoonThreadsafe(blockUntil, gate);
    const text = 'x'.repeat(100_000);
    let sent = 0;
    expect(() => {
      for (; sent < 2000; sent++) there.callSoonThreadsafe(note, text);
    })
      .to.throw(RingFullError, 'the ring is full')
      .with.property('code', 'ERR_RING_FULL');
    expect(sent).to.be.greaterThan(300);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    expect(await there.runCoroutineThreadsafe(countNotes)).to.equal(sent); // nothing that was accepted is lost
  });
});
