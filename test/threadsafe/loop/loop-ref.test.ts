import { inspect } from 'node:util';
import { once } from 'node:events';
import { threadId, Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { CancelledError, LoopStateError, sleep } from '@ringloop/core';
import {
  CloneError,
  LoopGroup,
  LoopRef,
  registerErrorClass,
  remote,
  type RemoteFunction,
  RemoteFunctionError,
} from '@ringloop/threadsafe';
import { InboxMemory } from '@ringloop/threadsafe/internal';
import { collectGarbage } from '../../core/collect-garbage.js';
import {
  askThrough,
  blockUntil,
  createLoop,
  doze,
  echo,
  fail,
  isDozing,
  lastDoze,
  loopWithInbox,
  note,
  noted,
  noteIn,
  producerThere,
  stopThere,
  stopYourself,
  takeNotes,
  KettleError,
  thread,
  throwNow,
  unsendable,
} from '../fixtures/calls.js';
import { rejection } from '../../rejection.js';

describe('LoopRef', () => {
  let group: LoopGroup;
  let there: LoopRef;

  before(async () => {
    group = await LoopGroup.spawn({ loops: 2, loopFactory: createLoop });
    there = group.next();
  });

  after(() => group.close());

  it('id and equals() are those of the loop, in each thread and however often the reference arrives', async () => {
    const ref = group.next();
    const [once, twice, options] = (await ref.runCoroutineThreadsafe(
      echo,
      ref,
      ref,
      ref.withOptions({}),
    )) as LoopRef[];
    const [later] = (await ref.runCoroutineThreadsafe(echo, ref)) as LoopRef[];
    for (const same of [once, twice, options, later, ref, LoopRef.fromWire(ref.toWire())]) {
      expect(same?.id).to.equal(ref.id);
      expect(ref.equals(same)).to.equal(true);
      expect(same?.equals(ref)).to.equal(true);
    }
    const { loop, ref: other } = loopWithInbox();
    loop.close();
    expect(other.id).to.not.equal(ref.id);
    for (const different of [other, null, undefined, ref.id, { id: ref.id }, ref.toWire()]) {
      expect(ref.equals(different)).to.equal(false);
    }
    expect(inspect(ref)).to.equal(`<LoopRef ${ref.name} id=${ref.id}>`);
  });

  it('callSoonThreadsafe() runs the calls of one thread in the order made', async () => {
    for (let i = 0; i < 10_000; i++) there.callSoonThreadsafe(note, i);
    const notes = await there.runCoroutineThreadsafe(takeNotes);
    expect(notes).to.deep.equal(Array.from({ length: 10_000 }, (_, i) => i));
  });

  it('callSoonThreadsafe() sends whatever structured clone sends', async () => {
    const values = [
      '',
      'é',
      'snow ☃',
      -0,
      NaN,
      2 ** 53,
      10n,
      null,
      undefined,
      true,
      new Date(5),
      /x/g,
      new Map([[1, { a: [2] }]]),
    ];
    const sent = [...values, new Float64Array([1.5]), Buffer.from('bytes'), { deep: { er: new Set([1]) } }];
    expect(await there.runCoroutineThreadsafe(echo, ...sent)).to.deep.equal(sent);
  });

  it('callSoonThreadsafe() keeps a large argument in its place in the order', async () => {
    const large = 'x'.repeat(3_000_000);
    there.callSoonThreadsafe(note, 1);
    there.callSoonThreadsafe(note, large);
    there.callSoonThreadsafe(note, new Uint8Array(300_000));
    there.callSoonThreadsafe(note, 2);
    const notes = (await there.runCoroutineThreadsafe(takeNotes)) as [number, string, Uint8Array, number];
    expect([notes[0], notes[1].length, notes[2].length, notes[3]]).to.deep.equal([1, 3_000_000, 300_000, 2]);
  });

  it('callSoonThreadsafe() that was cancelled leaves nothing of large arguments behind', async () => {
    const { loop, ref } = loopWithInbox();
    const heldBytes = (): number => process.memoryUsage().external;
    const before = heldBytes();
    for (let i = 0; i < 40; i++) {
      expect(ref.callSoonThreadsafe(note, new Uint8Array(3_000_000)).cancel()).to.equal(true);
    }
    ref.callSoonThreadsafe(loop.stop);
    await loop.runForever();
    const isFlat = (): boolean => heldBytes() - before < 30_000_000;
    await collectGarbage(isFlat);
    expect(isFlat()).to.equal(true);
    loop.close();
  });

  it('callSoonThreadsafe() names the argument that cannot be sent, and sends nothing', async () => {
    expect(() => there.callSoonThreadsafe(note, 1, { f: () => 1 }))
      .to.throw(CloneError, 'Cannot send argument 2.f of note()')
      .with.property('code', 'ERR_NOT_CLONEABLE');
    expect(await there.runCoroutineThreadsafe(takeNotes)).to.deep.equal([]);
  });

  it('callSoonThreadsafe() refuses functions that other threads cannot find', () => {
    const closure = (): void => undefined;
    // @ts-expect-error -- only remote functions are accepted; JavaScript does not know that
    expect(() => there.callSoonThreadsafe(closure)).to.throw(
      RemoteFunctionError,
      'Cannot send arrow function closure to another thread',
    );
    // @ts-expect-error -- no function at all
    expect(() => there.callSoonThreadsafe(5)).to.throw(TypeError, 'a callable object was expected');
    const runAway = echo as RemoteFunction<unknown[], void>; // so that the types do not see it
    expect(() => there.callSoonThreadsafe(runAway, 1)).to.throw(
      TypeError,
      'coroutines cannot be used with callSoonThreadsafe()',
    );
  });

  it('callSoonThreadsafe() stops a loop by its own stop method', async () => {
    const { loop, ref } = loopWithInbox();
    const running = loop.runForever();
    ref.callSoonThreadsafe(loop.stop);
    await running;
    loop.close();
  });

  it('callSoonThreadsafe() wakes a loop that sleeps', async () => {
    const { loop, ref } = loopWithInbox();
    const running = loop.runForever();
    await sleepInRealTime();
    there.callSoonThreadsafe(noteIn, ref, 'good morning');
    there.callSoonThreadsafe(stopThere, ref);
    await running;
    expect(noted.splice(0)).to.deep.equal(['good morning']);
    loop.close();
  });

  it('callSoonThreadsafe() that has returned comes before a local callSoon()', async () => {
    // EV:test_call_soon_threadsafe: the other thread's call has returned before callSoon() begins
    const { loop, ref } = loopWithInbox();
    const order: string[] = [];
    await loop.runUntilComplete(async () => {
      ref.callSoonThreadsafe(note, 'define the function first');
      await sleep(0.001);
      noted.length = 0;
      await there.runCoroutineThreadsafe(noteIn, ref, 'from the other thread');
      // The answer came through the reply inbox; the call was published before it, and may or may not have run.
      loop.callSoon(() => order.push(`${String(noted[0])}, then here`));
      await sleep(0.001);
    });
    expect(order).to.deep.equal(['from the other thread, then here']);
    noted.length = 0;
    loop.close();
  });

  it('callSoonThreadsafe() keeps its place between local calls', async () => {
    // EV:test_call_soon_threadsafe_same_thread
    const { loop, ref } = loopWithInbox();
    const order: string[] = [];
    await loop.runUntilComplete(async () => {
      ref.callSoonThreadsafe(note, 'first');
      loop.callSoon(() => order.push(`local after ${noted.length}`));
      ref.callSoonThreadsafe(note, 'second');
      loop.callSoonThreadsafe(() => order.push(`local after ${noted.length}`));
      await sleep(0.001);
    });
    expect([noted.splice(0), order]).to.deep.equal([
      ['first', 'second'],
      ['local after 1', 'local after 2'],
    ]);
    loop.close();
  });

  it('callSoonThreadsafe() refuses what is no function, as the first call of a lane, too', () => {
    for (const wrong of [null, undefined, 0, 'note', {}]) {
      const { loop, ref } = loopWithInbox();
      expect(() => ref.callSoonThreadsafe(wrong as never, 1), inspect(wrong))
        .to.throw(TypeError)
        .with.property('code', 'ERR_INVALID_ARG_TYPE');
      expect(() => ref.tryCallSoonThreadsafe(wrong as never), inspect(wrong)).to.throw(TypeError);
      loop.close();
    }
  });

  it('callSoonThreadsafe() on a closed loop throws in the caller and queues nothing', () => {
    const { loop, ref } = loopWithInbox();
    loop.close();
    for (let i = 0; i < 2; i++) {
      expect(() => ref.callSoonThreadsafe(note, 1))
        .to.throw(LoopStateError, 'Event loop is closed')
        .with.property('code', 'ERR_LOOP_CLOSED');
    }
    expect(noted).to.deep.equal([]);
  });

  it('callSoonThreadsafe() into loops that come and go keeps none of their inboxes', async () => {
    const inboxes: InboxMemory[] = [];
    for (let i = 0; i < 20; i++) {
      const { loop, ref } = loopWithInbox();
      inboxes.push(new InboxMemory(ref.address.memory));
      await loop.runUntilComplete(() => there.runCoroutineThreadsafe(noteIn, ref, i));
      loop.close();
    }
    const producer = await there.runCoroutineThreadsafe(producerThere);
    expect(inboxes.filter((inbox) => inbox.hasLaneOf(producer))).to.have.length.within(1, 4);
    noted.length = 0;
  });

  it('callSoonThreadsafe() reports what a callback throws to the exception handler of its loop', async () => {
    const { loop, ref } = loopWithInbox();
    const reports: (string | undefined)[] = [];
    loop.setExceptionHandler((_, { message, exception }) => reports.push(message, exception?.message));
    await loop.runUntilComplete(async () => {
      ref.callSoonThreadsafe(throwNow, 'oops');
      ref.callSoonThreadsafe(note, 'goes on');
      await sleep(0.001);
    });
    expect([reports, noted.splice(0)]).to.deep.equal([
      ['Exception in callback throwNow() called from another thread', 'oops'],
      ['goes on'],
    ]);
    loop.close();
  });

  it('runCoroutineThreadsafe() resolves with the result, from outside of loops too', async () => {
    const [one, two] = await Promise.all(group.loops.map((ref) => ref.runCoroutineThreadsafe(thread)));
    expect(new Set([one, two, threadId]).size).to.equal(3);
  });

  it('runCoroutineThreadsafe() answers a task of a loop', async () => {
    const { loop } = loopWithInbox();
    expect(await loop.runUntilComplete(async () => there.runCoroutineThreadsafe(echo, 'a', 1))).to.deep.equal(
      ['a', 1],
    );
    loop.close();
  });

  it('runCoroutineThreadsafe() brings errors back with class, code, cause and properties', async () => {
    registerErrorClass(KettleError);
    const state = await rejection(there.runCoroutineThreadsafe(fail, 'state'));
    expect(state).to.be.instanceOf(LoopStateError);
    expect(state).to.include({ name: 'LoopStateError', code: 'ERR_LOOP_STOPPED', message: 'not now' });
    expect(state).to.have.deep.property('extra', [1, 2]);
    expect(state.cause).to.be.instanceOf(RangeError).with.property('message', 'too hot');
    const teapot = await rejection(there.runCoroutineThreadsafe(fail, 'teapot'));
    expect(teapot).to.be.instanceOf(KettleError).with.property('volume', 0.5);
    expect(teapot.stack).to.match(/calls\.[jt]s/);
    const several = await rejection(there.runCoroutineThreadsafe(fail, 'several'));
    expect(several).to.be.instanceOf(AggregateError);
    const { errors } = several as unknown as AggregateError; // as it just turned out to be
    expect(errors.map((error: Error) => error.constructor)).to.deep.equal([TypeError, KettleError]);
  });

  it('runCoroutineThreadsafe() rejects when the result cannot be sent', async () => {
    const error = await rejection(there.runCoroutineThreadsafe(unsendable));
    expect(error).to.be.instanceOf(CloneError);
    expect(error.message).to.include('Cannot send the result: an anonymous function cannot be cloned');
  });

  it('runCoroutineThreadsafe() cancels the task when its future is cancelled', async () => {
    const future = there.runCoroutineThreadsafe(doze, 60);
    expect(await there.runCoroutineThreadsafe(isDozing)).to.equal(true);
    expect(future.cancel()).to.equal(true);
    expect(future.cancel()).to.equal(false);
    expect(await rejection(future)).to.be.instanceOf(CancelledError);
    expect(await there.runCoroutineThreadsafe(lastDoze)).to.equal('cancelled');
  });

  it('runCoroutineThreadsafe() cancels the task when the task that awaits it is cancelled', async () => {
    const { loop } = loopWithInbox();
    await loop.runUntilComplete(async () => {
      const waiting = loop.createTask(async () => there.runCoroutineThreadsafe(doze, 60));
      await sleep(0); // the task starts, and calls
      expect(await there.runCoroutineThreadsafe(isDozing)).to.equal(true);
      waiting.cancel();
      expect(await rejection(waiting)).to.be.instanceOf(CancelledError);
    });
    expect(await there.runCoroutineThreadsafe(lastDoze)).to.equal('cancelled');
    loop.close();
  });

  it('runCoroutineThreadsafe() rejects when the module cannot be loaded there, with the reason', async () => {
    const url = new URL('../fixtures/broken-module.js', import.meta.url).href;
    const missing = remote(url, async function missing(): Promise<void> {
      return Promise.resolve();
    });
    const error = await rejection(there.runCoroutineThreadsafe(missing));
    expect(error).to.be.instanceOf(RemoteFunctionError);
    expect(error.message).to.include(`importing ${url} failed`);
    expect(error.cause)
      .to.be.instanceOf(SyntaxError)
      .with.property('message', 'this module cannot be loaded');
    expect(await there.runCoroutineThreadsafe(echo, 'still there')).to.deep.equal(['still there']);
  });

  it('runCoroutineThreadsafe() rejects when the module has no such function there', async () => {
    const onlyHere = remote(
      new URL('../fixtures/calls.js', import.meta.url).href,
      async function onlyHere(): Promise<void> {
        return Promise.resolve();
      },
    );
    expect((await rejection(there.runCoroutineThreadsafe(onlyHere))).message).to.include(
      'makes no remote function of that name',
    );
  });

  it('runCoroutineThreadsafe() rejects when the loop is closed before it answers', async () => {
    const { loop, ref } = loopWithInbox();
    const started = ref.runCoroutineThreadsafe(doze, 60);
    await loop.runUntilComplete(async () => sleep(0.001));
    const queued = ref.runCoroutineThreadsafe(doze, 60);
    loop.close();
    for (const future of [started, queued]) {
      expect(await rejection(future))
        .to.be.instanceOf(LoopStateError)
        .with.property('code', 'ERR_LOOP_CLOSED');
    }
  });

  it('can be sent to other loops, alone and inside of other values', async () => {
    const here = await askBoth();
    expect(here).to.have.length(2);

    async function askBoth(): Promise<number[]> {
      return there.runCoroutineThreadsafe(askThrough, group.loops);
    }
  });

  it('toWire() and fromWire() carry a reference in workerData', async () => {
    const { loop, ref } = loopWithInbox();
    const running = loop.runForever();
    const worker = new Worker(new URL('../fixtures/plain-worker.js', import.meta.url), {
      workerData: ref.toWire(),
    });
    await Promise.all([running, once(worker, 'exit')]);
    expect(noted.splice(0)).to.deep.equal(['from a plain worker']);
    loop.close();
    expect(() => LoopRef.fromWire({})).to.throw(TypeError, 'toWire() did not make it');
  });

  it('id and equals() tell loops apart, however often a reference has travelled', async () => {
    const [one, other] = group.loops as [LoopRef, LoopRef];
    const back = (await there.runCoroutineThreadsafe(echo, one, { in: [one] })) as [
      LoopRef,
      { in: [LoopRef] },
    ];
    for (const same of [
      back[0],
      back[1].in[0],
      one.withOptions({ whenFull: 'throw' }),
      LoopRef.fromWire(one.toWire()),
    ]) {
      expect(same.equals(one) && one.equals(same)).to.equal(true);
      expect(same.id).to.equal(one.id);
    }
    expect(one.equals(other)).to.equal(false);
    expect(one.id).not.to.equal(other.id);
    for (const strange of [null, undefined, one.id, { id: one.id }])
      expect(one.equals(strange)).to.equal(false);
    expect(inspect(one)).to.equal(`<LoopRef ${one.name} id=${one.id}>`);
  });

  it('ThreadsafeHandle.cancel() takes back a call that has not started', async () => {
    const gate = new Int32Array(new SharedArrayBuffer(8));
    there.callSoonThreadsafe(blockUntil, gate);
    Atomics.wait(gate, 1, 0);
    const first = there.callSoonThreadsafe(note, 'first');
    const second = there.callSoonThreadsafe(note, 'second');
    expect([first.cancel(), first.cancelled(), first.cancel(), second.cancelled()]).to.deep.equal([
      true,
      true,
      true,
      false,
    ]);
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    expect(await there.runCoroutineThreadsafe(takeNotes)).to.deep.equal(['second']);
    expect([second.cancel(), second.cancelled()]).to.deep.equal([false, false]);
  });

  it('ThreadsafeHandle.cancel() long after the call, when the ring was written anew, has no effect', async () => {
    const handle = there.callSoonThreadsafe(note, 0);
    for (let round = 0; round < 40; round++) {
      for (let i = 0; i < 1000; i++) there.callSoonThreadsafe(note, i);
      expect(await there.runCoroutineThreadsafe(takeNotes)).to.have.length(round === 0 ? 1001 : 1000);
    }
    for (let i = 0; i < 500; i++) there.callSoonThreadsafe(note, i);
    expect(handle.cancel()).to.equal(false);
    expect(await there.runCoroutineThreadsafe(takeNotes)).to.have.length(500);
  });

  it('a loop that runs again finds the calls that arrived while it did not', async () => {
    const { loop, ref } = loopWithInbox();
    ref.callSoonThreadsafe(note, 'before the first run');
    await loop.runUntilComplete(async () => sleep(0));
    ref.callSoonThreadsafe(note, 'in between');
    ref.callSoonThreadsafe(stopYourself);
    ref.callSoonThreadsafe(note, 'after stop');
    await loop.runForever();
    expect(noted.splice(0)).to.deep.equal(['before the first run', 'in between', 'after stop']);
    loop.close();
  });
});

/** Long enough for a loop with nothing to do to be asleep. */
function sleepInRealTime(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
