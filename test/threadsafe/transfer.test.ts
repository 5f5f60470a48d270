import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { CloneError, LoopGroup, type LoopRef, transfer } from '@ringloop/threadsafe';
import { createLoop, echo, loopWithInbox, note, takeNotes } from './fixtures/calls.js';
import { give, leftOf } from './fixtures/transfers.js';

describe('transfer', () => {
  let group: LoopGroup;
  let there: LoopRef;

  before(async () => {
    group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
    there = group.next();
  });

  after(() => group.close());

  for (const bytes of [8, 100_000, 3_000_000]) {
    it(`transfer() takes a buffer of ${bytes} bytes away from the caller, and it arrives`, async () => {
      const data = new Uint8Array(bytes).fill(7);
      const { buffer } = data;
      const answer = there.runCoroutineThreadsafe(echo, transfer({ data }, [buffer]));
      expect(buffer.byteLength).to.equal(0);
      const [{ data: back }] = (await answer) as [{ data: Uint8Array }];
      expect([back.length, back.every((byte) => byte === 7)]).to.deep.equal([bytes, true]);
    });

    it(`transfer() takes a buffer of ${bytes} bytes away from the function that returns it`, async () => {
      const { lent } = await there.runCoroutineThreadsafe(give, bytes);
      expect(lent.byteLength).to.equal(bytes);
      expect(await there.runCoroutineThreadsafe(leftOf)).to.equal(0);
    });
  }

  it('transfer() returns the value, and marks it for one call', async () => {
    const buffer = new ArrayBuffer(8);
    const message = { text: 'no buffer in it' };
    expect(transfer(message, [buffer, buffer])).to.equal(message);
    there.callSoonThreadsafe(note, message);
    expect(buffer.byteLength).to.equal(0);
    const other = new ArrayBuffer(8);
    there.callSoonThreadsafe(note, Object.assign(message, { other }));
    expect(other.byteLength).to.equal(8);
    expect(await there.runCoroutineThreadsafe(takeNotes)).to.have.length(2);
  });

  it('transfer() leaves the buffer alone when the argument cannot be sent', () => {
    const buffer = new ArrayBuffer(8);
    const message = transfer({ buffer, f: () => 1 }, [buffer]);
    expect(() => there.callSoonThreadsafe(note, message)).to.throw(CloneError, 'argument 1.f of note()');
    expect(buffer.byteLength).to.equal(8);
  });

  for (const bytes of [8, 3_000_000]) {
    it(`transfer() leaves ${bytes} bytes alone when the loop is closed`, () => {
      const { loop, ref } = loopWithInbox();
      loop.close();
      const buffer = new ArrayBuffer(bytes);
      expect(() => ref.callSoonThreadsafe(note, transfer(buffer, [buffer])))
        .to.throw()
        .with.property('code', 'ERR_LOOP_CLOSED');
      expect(buffer.byteLength).to.equal(bytes);
    });
  }

  it('transfer() refuses a buffer that has been taken away already, before anything is sent', async () => {
    const buffer = new ArrayBuffer(8);
    there.callSoonThreadsafe(note, transfer([buffer], [buffer]));
    const again = transfer({ text: 'again' }, [buffer]);
    expect(() => there.callSoonThreadsafe(note, again)).to.throw(CloneError, 'detached already');
    expect(await there.runCoroutineThreadsafe(takeNotes)).to.have.length(1);
  });

  it('transfer() refuses what is no object, and what is no ArrayBuffer', () => {
    const wrong = { code: 'ERR_INVALID_ARG_TYPE' };
    // @ts-expect-error -- JavaScript does not know
    expect(() => transfer(5, []))
      .to.throw(TypeError, 'got 5')
      .and.include(wrong);
    // @ts-expect-error -- JavaScript does not know
    expect(() => transfer({}, new ArrayBuffer(8)))
      .to.throw(TypeError, 'must be an array')
      .and.include(wrong);
    expect(() => transfer({}, [new SharedArrayBuffer(8)]))
      .to.throw(TypeError, 'SharedArrayBuffer')
      .and.include(wrong);
    const { port1 } = new MessageChannel();
    // @ts-expect-error -- JavaScript does not know
    expect(() => transfer({}, [port1]))
      .to.throw(TypeError, 'got MessagePort')
      .and.include(wrong);
    port1.close();
  });

  it('arguments keep their place in the order, by whichever road they go, while the ring grows', async () => {
    const expected: number[] = [];
    const memory = new SharedArrayBuffer(4);
    for (let i = 0; i < 3000; i++) {
      const value = [i, [i], { memory, i }, [i, 'x'.repeat(i)], new Map([[i, i]])][i % 5];
      there.callSoonThreadsafe(note, value, i);
      if (i % 500 === 0) there.callSoonThreadsafe(note, new Uint8Array(2_000_000), i);
      expected.push(i);
      if (i % 500 === 0) expected.push(i);
    }
    const notes = (await there.runCoroutineThreadsafe(takeNotes)) as [unknown, number][];
    expect(notes.map(([, i]) => i)).to.deep.equal(expected);
  });

  it('arguments of 100 MiB arrive', async () => {
    const answer = there.runCoroutineThreadsafe(echo, new Uint8Array(100 << 20).fill(3, -1));
    const [back] = (await answer) as [Uint8Array];
    expect([back.length, back.at(-1)]).to.deep.equal([100 << 20, 3]);
  }).slow(2000);
});
