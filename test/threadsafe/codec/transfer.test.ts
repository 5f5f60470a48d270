import { once } from 'node:events';
import { markAsUntransferable, MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { CloneError, LoopGroup, LoopRef, PeerExitedError, transfer } from '@ringloop/threadsafe';
import { createLoop, echo, loopWithInbox, note, takeNotes } from '../fixtures/calls.js';
import { answerOn, give, givePort, holdPort, leftOf, passOn, write } from '../fixtures/transfers.js';

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
    // @ts-expect-error -- JavaScript does not know
    expect(() => transfer({}, [{ port: 1 }]))
      .to.throw(TypeError, 'got { port: 1 }')
      .and.include(wrong);
    const view = new Uint8Array(3);
    expect(() => transfer(view, [view as unknown as ArrayBuffer]))
      .to.throw(TypeError, 'got Uint8Array')
      .and.include(wrong);
  });

  it('transfer() copies memory that Node does not let go', async () => {
    const buffer = new ArrayBuffer(2 << 16);
    markAsUntransferable(buffer);
    const [back] = (await there.runCoroutineThreadsafe(echo, transfer(buffer, [buffer]))) as [ArrayBuffer];
    expect([back.byteLength, buffer.byteLength]).to.deep.equal([2 << 16, 2 << 16]);
  });

  it('transfer() leaves the buffer alone when it should have been moved, and something beside it cannot be sent', () => {
    const buffer = new ArrayBuffer(1 << 20);
    const message = transfer({ buffer, f: () => 1 }, [buffer]);
    expect(() => there.callSoonThreadsafe(note, message)).to.throw(CloneError, 'argument 1.f of note()');
    expect(buffer.byteLength).to.equal(1 << 20);
  });

  it('arguments keep their place in the order, by whichever way they go, while the ring grows', async () => {
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

/** What comes on a port next. */
async function next(port: MessagePort): Promise<unknown> {
  const [message] = (await once(port, 'message')) as [unknown];
  return message;
}

describe('transfer() of what can only be moved', () => {
  let group: LoopGroup;
  let mine: MessagePort;
  let theirs: MessagePort;

  before(async () => {
    group = await LoopGroup.spawn({
      loops: 3,
      loopFactory: createLoop,
      restart: true,
      onExit: () => undefined,
    });
  });

  after(() => group.close());

  beforeEach(() => {
    ({ port1: mine, port2: theirs } = new MessageChannel());
  });

  afterEach(() => mine.close());

  it('moves a MessagePort into a loop that this thread has spawned', async () => {
    group.loop(0).callSoonThreadsafe(answerOn, transfer({ port: theirs }, [theirs]), 'from the loop');
    expect(await next(mine)).to.equal('from the loop');
  });

  it('moves a MessagePort back as a result', async () => {
    const { port } = await group.loop(0).runCoroutineThreadsafe(givePort, 'hello');
    expect(await next(port)).to.equal('hello');
    port.close();
  });

  it('moves a MessagePort from loop to loop of a group, in order with other calls', async () => {
    const { loops } = group;
    await loops[0]!.runCoroutineThreadsafe(passOn, loops.slice(1), transfer({ port: theirs }, [theirs]));
    expect(await next(mine)).to.equal('passed on to the end');
  });

  it('moves a MessagePort into a loop that was restarted', async () => {
    const dead = group.loop(1);
    const pending = dead.runCoroutineThreadsafe(holdPort, transfer({ port: theirs }, [theirs]));
    expect(await pending.then(null, (reason: unknown) => reason)).to.be.instanceOf(PeerExitedError);
    while (group.loop(1) === dead) await new Promise((resolve) => setTimeout(resolve, 5));
    mine.close();
    ({ port1: mine, port2: theirs } = new MessageChannel());
    const around = [group.loop(1), group.loop(2)];
    await group.loop(0).runCoroutineThreadsafe(passOn, around, transfer({ port: theirs }, [theirs]));
    expect(await next(mine)).to.equal('passed on to the end');
  });

  it('moves a MessagePort within a thread', async () => {
    const { loop, ref } = loopWithInbox();
    ref.callSoonThreadsafe(answerOn, transfer({ port: theirs }, [theirs]), 'from here');
    ref.callSoonThreadsafe(loop.stop);
    await loop.runForever();
    expect(await next(mine)).to.equal('from here');
    loop.close();
  });

  it('moves a stream', async () => {
    const text = new TransformStream<string, string>();
    const writing = group.loop(0).runCoroutineThreadsafe(write, transfer(text.writable, [text.writable]));
    const read: string[] = [];
    for await (const chunk of text.readable) read.push(chunk);
    expect(read).to.deep.equal(['one', 'two']);
    await writing;
  });

  it('moves 1,000 MessagePorts', async () => {
    const channels = Array.from({ length: 1000 }, () => new MessageChannel());
    for (const { port2 } of channels)
      group.next().callSoonThreadsafe(answerOn, transfer({ port: port2 }, [port2]), 1);
    expect((await Promise.all(channels.map(({ port1 }) => next(port1)))).length).to.equal(1000);
    for (const { port1 } of channels) port1.close();
  }).slow(2000);

  it('says what else cannot be sent, and moves nothing', async () => {
    const message = transfer({ theirs, inner: [() => 1] }, [theirs]);
    expect(() => group.loop(0).callSoonThreadsafe(note, message)).to.throw(
      CloneError,
      'argument 1.inner[0] of note()',
    );
    group.loop(0).callSoonThreadsafe(answerOn, transfer({ port: theirs }, [theirs]), 'still there');
    expect(await next(mine)).to.equal('still there');
  });

  it('is refused where there is no transfer port, with memory that is copied there', async () => {
    const worker = new Worker(new URL('../fixtures/loop-worker.js', import.meta.url));
    const [wire] = (await once(worker, 'message')) as [unknown];
    const plain = LoopRef.fromWire(wire);
    expect(() => plain.callSoonThreadsafe(answerOn, transfer({ port: theirs }, [theirs]), 1)).to.throw(
      CloneError,
      'argument 1.port of answerOn(): MessagePort can only be moved between a thread and the loops',
    );
    const buffer = new ArrayBuffer(1 << 20);
    const [back] = (await plain.runCoroutineThreadsafe(echo, transfer(buffer, [buffer]))) as [ArrayBuffer];
    expect([back.byteLength, buffer.byteLength]).to.deep.equal([1 << 20, 0]);
    await worker.terminate();
    theirs.close();
  });
});
