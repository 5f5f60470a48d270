import { expect } from 'chai';
import { InternalError } from '@ringloop/core';
import { LoopGroup, LoopRef } from '@ringloop/threadsafe';
import { InboxMemory, inboxWriterTo, wake, TAIL, replyInboxFor } from '@ringloop/threadsafe/internal';
import { callWhileHearing, sendLarge } from '../fixtures/blocking-calls.js';
import { blockUntil, createLoop, doze, echo, note, takeNotes } from '../fixtures/calls.js';
import { rejection } from '../../rejection.js';

const spawn = (loops: number): Promise<LoopGroup> =>
  LoopGroup.spawn({ loops, loopFactory: createLoop, onExit: () => undefined });

/** Publishes what is no record in the lane of this thread. */
function scribble(memory: SharedArrayBuffer): void {
  const inbox = new InboxMemory(memory);
  const { header, words, capacityBytes } = inbox.ring(0);
  words.fill(0, 0, capacityBytes / 4);
  Atomics.add(header, TAIL, 16);
  wake(inbox.words);
}

describe('InboxWriter', function () {
  this.slow(500);

  const values: Record<string, [value: unknown, inner: unknown]> = {
    'plain ones': [{ first: 1 }, { other: 2 }],
    'one plain, one serialized': [{ first: 'x'.repeat(500) }, new Map([[1, { two: 2 }]])],
    bytes: [Uint8Array.from({ length: 3000 }, (_, i) => i), new Uint8Array(8)],
    'one that is posted': [{ shared: new SharedArrayBuffer(8), more: [1, 2] }, { other: 2 }],
  };
  for (const [what, [value, inner]] of Object.entries(values)) {
    it(`call() sends its own data though a callback made calls while it was blocked: ${what}`, async () => {
      await using group = await spawn(4);
      const [full, other, dying, caller] = group.loops as [LoopRef, LoopRef, LoopRef, LoopRef]; // four
      const gate = new Int32Array(new SharedArrayBuffer(8));
      full.callSoonThreadsafe(blockUntil, gate);
      while (Atomics.load(gate, 1) === 0) await new Promise(setImmediate);
      const refs = [full, other, dying];
      const ending = await caller.runCoroutineThreadsafe(callWhileHearing, refs, gate, value, inner);
      expect(ending).to.deep.equal({ value: true });
      const inFull: unknown[] = [];
      // The calls of two threads have no order.
      while (!inFull.some(Array.isArray)) {
        inFull.push(...(await full.runCoroutineThreadsafe(takeNotes)).filter((each) => each !== 0));
      }
      // What the callback sent made the lane grow, and so came first.
      expect(inFull).to.deep.equal([inner, [structuredClone(value), structuredClone(value)]]);
      expect(await other.runCoroutineThreadsafe(takeNotes)).to.deep.equal([[inner, inner]]);
    });
  }

  it('runTask() rejects when the lane into the loop cannot be read any more, and new references begin anew', async () => {
    await using group = await spawn(1);
    const ref = group.next();
    const pending = ref.runCoroutineThreadsafe(doze, 60);
    expect(await ref.runCoroutineThreadsafe(echo, 1)).to.deep.equal([1]);
    scribble(ref.address.memory);
    const reason = await rejection(pending);
    expect(reason)
      .to.be.instanceOf(InternalError)
      .with.property('message')
      .that.includes('Cannot read a record');
    expect(() => ref.callSoonThreadsafe(note, 1)).to.throw(InternalError);
    const again = LoopRef.fromWire(ref.toWire());
    expect(await again.runCoroutineThreadsafe(echo, 2)).to.deep.equal([2]);
  });

  it('runTask() rejects when the lane of the answers cannot be read any more, and new references begin anew', async () => {
    await using group = await spawn(1);
    const ref = group.next();
    const pending = ref.runCoroutineThreadsafe(doze, 60);
    expect(await ref.runCoroutineThreadsafe(echo, 1)).to.deep.equal([1]);
    const warned = new Promise((resolve) => process.once('warning', resolve));
    const { memory } = replyInboxFor(inboxWriterTo(ref.address).owner).address;
    const inbox = new InboxMemory(memory);
    for (let lane = 0; lane < inbox.lanesUsed(); lane++) {
      if (inbox.producerOf(lane) !== inboxWriterTo(ref.address).owner) continue;
      Atomics.add(inbox.ring(lane).header, TAIL, 4096);
    }
    wake(inbox.words);
    expect(await rejection(pending)).to.be.instanceOf(InternalError);
    expect(await warned).to.be.instanceOf(InternalError);
    const again = LoopRef.fromWire(ref.toWire());
    expect(await again.runCoroutineThreadsafe(echo, 2)).to.deep.equal([2]);
  });

  it('call() counts messages that are posted instead of written to the ring against limitBytes', async () => {
    await using group = await spawn(1);
    const ref = group.next();
    const bounded = ref.withOptions({ limitBytes: 5 << 20 });
    const gate = new Int32Array(new SharedArrayBuffer(8));
    bounded.callSoonThreadsafe(blockUntil, gate);
    while (Atomics.load(gate, 1) === 0) await new Promise(setImmediate);
    let taken = 0;
    const large = new Uint8Array(2 << 20);
    const flood = (): void => {
      for (; taken < 100; taken++) bounded.callSoonThreadsafe(note, large);
    };
    expect(flood).to.throw('bytes of out-of-band messages wait there').with.property('code', 'ERR_RING_FULL');
    expect(taken).to.equal(2);
    expect(bounded.statistics()).to.deep.include({ timesFull: 1, callsRefused: 1 });
    expect(bounded.statistics().backlogBytes).to.be.within(4 << 20, (4 << 20) + 1000);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    await bounded.drained();
    expect(bounded.statistics().backlogBytes).to.equal(0);
    bounded.withOptions({ limitBytes: 0 }).callSoonThreadsafe(note, large); // alone, it is never too much
    expect((await ref.runCoroutineThreadsafe(takeNotes)).length).to.equal(3);
  });

  it('call() that may block waits until posted messages have been read', async () => {
    await using group = await spawn(2);
    const [to, from] = group.loops as [LoopRef, LoopRef]; // two
    const gate = new Int32Array(new SharedArrayBuffer(8));
    to.callSoonThreadsafe(blockUntil, gate);
    while (Atomics.load(gate, 1) === 0) await new Promise(setImmediate);
    const bounded = { whenFull: 'block', limitBytes: 5 << 20 } as const;
    const late = await from.runCoroutineThreadsafe(sendLarge, to, 3, { ...bounded, timeout: 0.05 });
    expect(late.ending).to.deep.equal({ name: 'RingFullError', code: 'ERR_RING_FULL' });
    const sending = from.runCoroutineThreadsafe(sendLarge, to, 20, bounded);
    await new Promise((resolve) => setTimeout(resolve, 50)); // it is blocked by now, or will be; either must come out right
    expect(sending.done()).to.equal(false);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    const { ending, statistics } = await sending;
    expect(ending).to.deep.equal({ value: 'sent' });
    expect(statistics.blockedTime).to.be.greaterThan(0);
    const notes: unknown[] = [];
    while (notes.length < 22) notes.push(...(await to.runCoroutineThreadsafe(takeNotes)));
    expect(notes.length).to.equal(22);
  });

  it('call() posts shared memory ten thousand times in one turn at the same cost each', async () => {
    await using group = await spawn(1);
    const ref = group.next();
    const shared = new SharedArrayBuffer(8);
    await ref.runCoroutineThreadsafe(echo, shared);
    const cost = async (calls: number): Promise<number> => {
      const started = performance.now();
      for (let i = 0; i < calls; i++) ref.callSoonThreadsafe(note, shared);
      const ms = performance.now() - started;
      await ref.drained();
      return ms / calls;
    };
    await cost(2000);
    const few = await cost(2000);
    expect(await cost(10_000)).to.be.below(Math.max(5 * few, 0.05)); // it was 100 times, and 1.7 ms each
  });
});
