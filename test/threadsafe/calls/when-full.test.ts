import { expect } from 'chai';
import { once } from 'node:events';
import { BroadcastChannel } from 'node:worker_threads';
import { LoopStateError, sleep } from '@ringloop/core';
import {
  type ConcurrentFuture,
  LoopGroup,
  type LoopRef,
  MainThreadError,
  PeerExitedError,
  type RemoteFunction,
  RingFullError,
} from '@ringloop/threadsafe';
import { burn, drainBlocking, fillBlocking, sendMany } from '../fixtures/blocking-calls.js';
import {
  blockUntil,
  countNotes,
  createLoop,
  doze,
  lastDoze,
  loopWithInbox,
  note,
  noted,
  sendNumbers,
  takeNotes,
  tallies,
} from '../fixtures/calls.js';
import { rejection } from '../../rejection.js';

/** A word that keeps a thread in `blockUntil()` until it is opened. */
class Gate {
  readonly words = new Int32Array(new SharedArrayBuffer(8));

  async closeAfter(there: LoopRef): Promise<void> {
    there.callSoonThreadsafe(blockUntil, this.words);
    while (Atomics.load(this.words, 1) === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  open(): void {
    Atomics.store(this.words, 0, 1);
    Atomics.notify(this.words, 0);
  }
}

const spawn = (loops: number): Promise<LoopGroup> => LoopGroup.spawn({ loops, loopFactory: createLoop });

describe('LoopRef.withOptions()', () => {
  let group: LoopGroup;
  let there: LoopRef;
  let gate: Gate;

  beforeEach(async () => {
    group = await spawn(2);
    there = group.next();
    gate = new Gate();
  });

  afterEach(async () => {
    gate.open();
    await group.close();
  });

  it("withOptions({ whenFull: 'throw' }) refuses what the first ring has no room for, and loses nothing that it took", async () => {
    const strict = there.withOptions({ whenFull: 'throw' });
    await gate.closeAfter(there);
    let sent = 0;
    expect(() => {
      for (; ; sent++) strict.callSoonThreadsafe(note, sent);
    })
      .to.throw(RingFullError, 'the ring is full (65536 bytes)')
      .with.property('code', 'ERR_RING_FULL');
    expect(strict.statistics()).to.deep.include({ timesGrown: 0, callsRefused: 1, capacityBytes: 65536 });
    expect(strict.statistics().backlogBytes).to.be.within(65_000, 65_536);
    gate.open();
    expect(await there.runCoroutineThreadsafe(takeNotes)).to.deep.equal(
      Array.from({ length: sent }, (_, i) => i),
    );
    expect(strict.statistics().backlogBytes).to.equal(0);
  });

  it('withOptions() concerns that reference only: another one of this thread goes on where it threw, in order', async () => {
    await gate.closeAfter(there);
    let sent = 0;
    const strict = there.withOptions({ whenFull: 'throw' });
    while (strict.tryCallSoonThreadsafe(note, sent)) sent++;
    for (let i = 0; i < 1000; i++) there.callSoonThreadsafe(note, sent++);
    expect(there.statistics().timesGrown).to.equal(1);
    gate.open();
    expect(await there.runCoroutineThreadsafe(takeNotes)).to.deep.equal(
      Array.from({ length: sent }, (_, i) => i),
    );
  });

  it("withOptions({ limitBytes }) bounds how far 'spill' goes", async () => {
    await gate.closeAfter(there);
    const bounded = there.withOptions({ limitBytes: 300_000 });
    let sent = 0;
    expect(() => {
      for (; ; sent++) bounded.callSoonThreadsafe(note, 1);
    }).to.throw(RingFullError, 'the ring is full (262144 bytes, and may not grow beyond 300000)');
    expect(sent * 16).to.be.within(400_000, 500_000); // 64, 128 and 256 KiB
    gate.open();
    expect(await there.runCoroutineThreadsafe(countNotes)).to.equal(sent);
  });

  it('a call that the present ring could never take goes on in a larger one, whatever the options say', async () => {
    const strict = there.withOptions({ whenFull: 'throw' });
    strict.callSoonThreadsafe(note, 'x'.repeat(100_000));
    expect(await there.runCoroutineThreadsafe(countNotes)).to.equal(1);
  });

  it("withOptions({ whenFull: 'block' }) blocks a worker until there is room, and nothing is lost", async () => {
    const second = group.next();
    await gate.closeAfter(there);
    const sending = second.runCoroutineThreadsafe(sendMany, there, 50_000, { whenFull: 'block' });
    await sleepOutside(0.2); // it is blocked by now, or will be; either must come out right
    expect(sending.done()).to.equal(false);
    gate.open();
    const { ending, statistics } = await sending;
    expect(ending).to.deep.equal({ value: 'sent' });
    expect(statistics).to.deep.include({ callsSent: 50_000, timesGrown: 0, callsRefused: 0 });
    expect(statistics.blockedTime).to.be.greaterThan(0);
    await second.runCoroutineThreadsafe(countNotes);
    expect(await takeAll(there, 50_000)).to.deep.equal(Array.from({ length: 50_000 }, (_, i) => i));
  }).slow(2000);

  it("withOptions({ whenFull: 'block', timeout }) throws when there is no room in time", async () => {
    const second = group.next();
    await gate.closeAfter(there);
    const options = { whenFull: 'block', timeout: 0.05 } as const;
    const { ending, statistics } = await second.runCoroutineThreadsafe(sendMany, there, 50_000, options);
    expect(ending).to.deep.equal({ name: 'RingFullError', code: 'ERR_RING_FULL' });
    expect(statistics.blockedTime).to.be.within(0.04, 20);
  });

  it("whenFull: 'block' throws PeerExitedError when the other thread ends meanwhile", async () => {
    const victims = await spawn(1);
    const victim = victims.next();
    await gate.closeAfter(victim);
    const sending = there.runCoroutineThreadsafe(sendMany, victim, 50_000, { whenFull: 'block' });
    await sleepOutside(0.1);
    await victims.close({ timeout: 0 });
    expect((await sending).ending).to.deep.equal({ name: 'PeerExitedError', code: 'ERR_PEER_EXITED' });
  }).slow(2000);

  it("whenFull: 'block' refuses to block the second of two loops that fill each other's ring", async () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const [first, second] = [group.next(), group.next()];
    const endings = await Promise.all([
      first.runCoroutineThreadsafe(fillBlocking, words, second),
      second.runCoroutineThreadsafe(fillBlocking, words, first),
    ]);
    expect(endings).to.deep.include({ name: 'DeadlockError', code: 'ERR_DEADLOCK' });
    expect(endings).to.deep.include({ value: 'sent' });
  }).slow(2000);

  it("whenFull: 'block' is refused in the main thread", () => {
    expect(() => there.withOptions({ whenFull: 'block' }))
      .to.throw(MainThreadError, 'the main thread may not be blocked')
      .with.property('code', 'ERR_MAIN_THREAD');
  });

  for (const [options, error, message] of [
    [{ whenFull: 'drop' }, TypeError, "whenFull must be 'spill', 'throw' or 'block', got 'drop'"],
    [{ limitBytes: '1' }, TypeError, "limitBytes must be a number, got '1'"],
    [{ limitBytes: -1 }, RangeError, 'limitBytes must be from 0 to 67108864, got -1'],
    [{ limitBytes: NaN }, RangeError, 'limitBytes must be from 0 to 67108864, got NaN'],
    [{ timeout: 'long' }, TypeError, "timeout must be a number of seconds, got 'long'"],
  ] as const) {
    it(`withOptions(${JSON.stringify(options)}) is refused`, () => {
      expect(() => there.withOptions(options as never)).to.throw(error, message);
    });
  }

  it("withOptions({ whenFull: 'throw' }) holds for a function that is called for the first time", async () => {
    const strict = there.withOptions({ whenFull: 'throw' });
    await gate.closeAfter(there);
    expect(() => {
      for (let i = 0; ; i++) strict.callSoonThreadsafe(note, i);
    }).to.throw(RingFullError);
    expect(() => strict.runCoroutineThreadsafe(doze, 1)).to.throw(RingFullError);
    expect(strict.statistics()).to.include({ timesGrown: 0, capacityBytes: 65536 });
  });

  it('withOptions({ limitBytes }) is not exceeded by what cancels tasks, which gets through later', async () => {
    const bounded = there.withOptions({ limitBytes: 65536 });
    await gate.closeAfter(there);
    const dozing: ConcurrentFuture<unknown>[] = [];
    expect(() => {
      for (;;) dozing.push(bounded.runCoroutineThreadsafe(doze, 1000));
    }).to.throw(RingFullError);
    for (const future of dozing) future.cancel();
    expect(bounded.statistics()).to.include({ timesGrown: 0, capacityBytes: 65536 });
    gate.open();
    while ((await there.runCoroutineThreadsafe(lastDoze)) !== 'cancelled');
  });

  it('a task that a full ring refuses leaves nothing on the broadcast channel', async () => {
    await gate.closeAfter(there);
    const channel = new BroadcastChannel(`ringloop:${there.address.id}`);
    let messages = 0;
    channel.onmessage = () => messages++;
    const strict = there.withOptions({ whenFull: 'throw' });
    expect(() => {
      for (let i = 0; ; i++) strict.callSoonThreadsafe(note, i);
    }).to.throw(RingFullError);
    for (let i = 0; i < 100; i++) {
      expect(() => strict.runCoroutineThreadsafe(doze, 1)).to.throw(RingFullError);
    }
    await sleepOutside(0.05);
    channel.close();
    expect(messages).to.equal(0);
  });

  describe('tryCallSoonThreadsafe()', () => {
    it('tryCallSoonThreadsafe() calls as callSoonThreadsafe() does', async () => {
      expect(there.tryCallSoonThreadsafe(note, 'a')).to.equal(true);
      expect(there.tryCallSoonThreadsafe(note, 'b', 2)).to.equal(true);
      expect(await there.runCoroutineThreadsafe(takeNotes)).to.deep.equal(['a', ['b', 2]]);
    });

    it('tryCallSoonThreadsafe() is false on a closed loop and on one whose thread has ended', async () => {
      const { loop, ref } = loopWithInbox();
      loop.close();
      expect(ref.tryCallSoonThreadsafe(note, 1)).to.equal(false);
      await group.close();
      expect(there.tryCallSoonThreadsafe(note, 1)).to.equal(false);
    });

    it('tryCallSoonThreadsafe() throws what is wrong with the call', () => {
      const coroutine = doze as unknown as RemoteFunction<[number], void>; // its type would not pass the linter
      expect(() => there.tryCallSoonThreadsafe(coroutine, 1)).to.throw(TypeError, 'coroutine');
      expect(() => there.tryCallSoonThreadsafe(note, () => 1)).to.throw('Cannot send argument 1');
    });
  });

  describe('drained()', () => {
    it('drained() is done when all calls so far have run, in grown rings too', async () => {
      await gate.closeAfter(there);
      for (let i = 0; i < 20_000; i++) there.callSoonThreadsafe(note, i);
      const drained = there.drained();
      there.callSoonThreadsafe(note, 'later');
      await sleepOutside(0.02);
      expect(drained.done()).to.equal(false);
      gate.open();
      await drained;
      expect((await there.runCoroutineThreadsafe(takeNotes)).length).to.equal(20_001);
    });

    it('drained() is done at once when nothing was sent, and in order when asked often', async () => {
      await there.drained();
      await gate.closeAfter(there);
      const done: number[] = [];
      const all = Array.from({ length: 100 }, (_, i) => {
        there.callSoonThreadsafe(note, i);
        return there.drained().then(() => done.push(i));
      });
      gate.open();
      await Promise.all(all);
      expect(done).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
    });

    it('drained() can be awaited in a loop, and given up', async () => {
      const { loop } = loopWithInbox();
      await gate.closeAfter(there);
      there.callSoonThreadsafe(note, 1);
      await loop.runUntilComplete(async () => {
        const given = there.drained();
        expect(given.cancel()).to.equal(true);
        gate.open();
        await there.drained();
        await sleep(0);
        expect(given.cancelled()).to.equal(true);
      });
      loop.close();
    });

    it('drained() rejects when the loop is closed before, and when its thread ends', async () => {
      const { loop, ref } = loopWithInbox();
      ref.callSoonThreadsafe(note, 1);
      const closed = rejection(ref.drained());
      loop.close();
      expect(await closed)
        .to.be.instanceOf(LoopStateError)
        .with.property('code', 'ERR_LOOP_CLOSED');
      await gate.closeAfter(there);
      there.callSoonThreadsafe(note, 1);
      const gone = rejection(there.drained());
      await group.close({ timeout: 0 });
      expect(await gone).to.be.instanceOf(PeerExitedError);
    });

    it('drained() rejects when the lane has grown behind what it waits for, and the loop is closed', async () => {
      const { loop, ref } = loopWithInbox();
      ref.callSoonThreadsafe(note, 0);
      const before = rejection(ref.drained());
      for (let i = 0; i < 10_000; i++) ref.callSoonThreadsafe(note, i);
      const behind = rejection(ref.drained());
      expect(ref.statistics().timesGrown).to.be.greaterThan(0);
      loop.close();
      for (const end of [await before, await behind])
        expect(end).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_LOOP_CLOSED');
    });

    it('drained() that is asked for after the end of a thread which had not run all rejects', async () => {
      await gate.closeAfter(there);
      there.callSoonThreadsafe(note, 1);
      await group.close({ timeout: 0 });
      expect(await rejection(there.drained())).to.be.instanceOf(PeerExitedError);
    });

    it('drained().result(timeout) blocks a worker until then', async () => {
      const second = group.next();
      const endings = await second.runCoroutineThreadsafe(drainBlocking, there, gate.words, 20);
      expect(endings).to.deep.equal([{ name: 'TimeoutError', code: 'ERR_TIMEOUT' }, { value: undefined }]);
    });
  });
});

describe('A flood of calls', () => {
  it('does not keep I/O and timers of its loop waiting', async () => {
    const { loop, ref } = loopWithInbox();
    tallies.clear();
    const group = await spawn(1);
    const count = 300_000;
    let ticks = 0;
    let callsAtFirstTick = 0;
    await loop.runUntilComplete(async () => {
      const flooding = group.next().runCoroutineThreadsafe(sendNumbers, ref, 0, count, Infinity);
      await flooding; // all of it is in the ring, or has run
      const before = tallies.get(0)?.next ?? 0;
      const tick = (): void => {
        if (++ticks === 1) callsAtFirstTick = (tallies.get(0)?.next ?? 0) - before;
        if ((tallies.get(0)?.next ?? 0) < count) loop.callLater(0, tick);
      };
      loop.callLater(0, tick);
      while ((tallies.get(0)?.next ?? 0) < count) await sleep(0);
    });
    expect(tallies.get(0)).to.deep.equal({ next: count, ordered: true });
    expect(callsAtFirstTick).to.be.lessThan(count);
    await group.close();
    loop.close();
  });

  it('of slow calls lets a timer in after the first few milliseconds, and keeps their order', async () => {
    const { loop, ref } = loopWithInbox();
    noted.length = 0;
    const slow = 100;
    // Later than the loop begins on a busy machine: else it would be queued behind the calls, as a timer that is due is.
    loop.callLater(0.02, () => noted.push('timer'));
    // Made in this thread: they stand in the ring before the loop looks.
    for (let i = 0; i < slow; i++) ref.callSoonThreadsafe(burn, i);
    loop.callSoon(() => noted.push('local')); // behind all of them: they were made before
    await loop.runUntilComplete(async () => {
      while (noted.length < slow + 2) await sleep(0);
    });
    expect(noted.filter((value) => typeof value === 'number')).to.deep.equal(
      Array.from({ length: slow }, (_, i) => i),
    );
    expect(noted.indexOf('timer')).to.be.lessThan(80);
    expect(noted.indexOf('local')).to.be.greaterThan(noted.indexOf(slow - 1));
    noted.length = 0;
    loop.close();
  });
});

/** All notes of the loop, once there are so many. */
async function takeAll(there: LoopRef, count: number): Promise<unknown[]> {
  const all: unknown[] = [];
  while (all.length < count) all.push(...(await there.runCoroutineThreadsafe(takeNotes)));
  return all;
}

/** Not the loop's: this thread has none here. */
async function sleepOutside(seconds: number): Promise<void> {
  const timer = new AbortController();
  setTimeout(() => timer.abort(), seconds * 1000);
  await once(timer.signal, 'abort');
}
