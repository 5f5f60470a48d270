import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  type BaseEventLoop,
  CancelledError,
  InvalidStateError,
  LoopStateError,
  sleep,
  TimeoutError,
} from '@ringloop/core';
import {
  CloneError,
  LoopGroup,
  type LoopRef,
  NameTakenError,
  NotExposedError,
  PeerExitedError,
  proxy,
  type ProxyMarked,
  releaseProxy,
  type Remote,
  transfer,
} from '@ringloop/threadsafe';
import * as Comlink from 'comlink';
import { runProgram } from '../../examples/expected-output.js';
import { createLoop, loopWithInbox } from '../fixtures/calls.js';
import { inLoop } from '../fixtures/in-loop.js';
import {
  addThere,
  closeExposure,
  collectGarbage,
  collectGarbageUntilReleased,
  Counter,
  exposeCounter,
  exposeInOther,
  lentBy,
  lentHere,
  type Listener,
  type Part,
  newGate,
  open,
  OverflowError,
  setLoopRef,
  subscribeThere,
} from './fixtures/counter.js';
import { rejection } from '../../rejection.js';

/** A group whose loops all expose a counter under that name. */
async function spawnCounters(loops: number, name = 'counter'): Promise<LoopGroup> {
  const group = await LoopGroup.spawn({ loops, loopFactory: createLoop });
  for (const ref of group.loops) {
    ref.callSoonThreadsafe(setLoopRef, ref);
    await ref.runCoroutineThreadsafe(exposeCounter, name);
  }
  return group;
}

describe('LoopRef.wrap()', () => {
  let group: LoopGroup;
  let there: LoopRef;
  let counter: Remote<Counter>;

  before(async () => {
    group = await spawnCounters(2);
    there = group.next();
  });
  after(() => group.close());

  beforeEach(async () => {
    counter = there.wrap<Counter>('counter');
    await counter.nothing();
  });
  afterEach(() => counter[Symbol.dispose]());

  it('calls methods with their `this`, in the loop of their object', async () => {
    expect(await counter.add(2)).to.equal(2);
    expect(await counter.add(3)).to.equal(5);
    expect(await counter.loopName()).to.equal(there.name);
  });

  it('awaits async methods and runs generator coroutines', async () => {
    expect(await counter.addSlowly(1)).to.equal(1);
    expect(await counter.addByGenerator(1)).to.equal(2);
  });

  it('reads and writes properties, nested ones too', async () => {
    expect(await counter.stats.deep.er).to.equal('here');
    (counter as unknown as { count: number }).count = 41; // Comlink's types know no writing of what is read as a promise
    expect(await counter.add(1)).to.equal(42);
    expect(await counter.count).to.equal(42);
  });

  it('constructs objects that stay in the other loop', async () => {
    const part = await new counter.Part('a part');
    expect(await part.greet()).to.equal('I am a part');
    expect(await part.title).to.equal('a part');
    expect(await rejection(new counter.Part(''))).to.be.instanceOf(RangeError);
  });

  it('runs calls in the order made, those by other means included', async () => {
    void counter.add(1);
    const exposed = there.runCoroutineThreadsafe(exposeCounter, 'later');
    const later = there.wrap<Counter>('later').add(7);
    const last = counter.echo('last');
    expect(await Promise.all([exposed, later, last])).to.deep.equal([undefined, 7, 'last']);
    await there.runCoroutineThreadsafe(closeExposure);
  });

  it('makes 10,000 calls one after the other', async () => {
    let last = 0;
    for (let i = 0; i < 10_000; i++) last = await counter.add(1);
    expect(last).to.equal(10_000);
  }).slow(5000);

  it('has 256 calls in flight, each with its own answer', async () => {
    const calls = Array.from({ length: 256 }, (_, i) => counter.echo(i));
    expect(await Promise.all(calls)).to.deep.equal(Array.from({ length: 256 }, (_, i) => i));
  });

  it('makes 10,000 calls from another loop', async () => {
    const [, second] = group.loops;
    expect(await second?.runCoroutineThreadsafe(addThere, there, 'counter', 10_000)).to.equal(10_000);
  }).slow(5000);

  it('brings errors of registered classes whole', async () => {
    const error = await rejection(counter.overflow(3));
    expect(error).to.be.instanceOf(OverflowError);
    expect(error).to.include({ message: 'Cannot count beyond 3', code: 'ERR_OVERFLOW', limit: 3 });
    expect(error.cause).to.be.instanceOf(RangeError);
  });

  it('sends errors, references to loops and shared memory as arguments', async () => {
    const bytes = new Uint8Array(new SharedArrayBuffer(4));
    await counter.fill(bytes);
    expect([...bytes]).to.deep.equal([7, 7, 7, 7]);
    expect(await counter.refName(there)).to.equal(there.name);
    const error = new OverflowError(1, { cause: new RangeError() });
    expect(await counter.isError(error)).to.equal('ERR_OVERFLOW');
    const back = await counter.echo(error);
    expect(back).to.be.instanceOf(OverflowError);
  });

  it('sends cyclic arguments, and objects that are met 2^40 times, as any call does', async () => {
    const cyclic: { self?: unknown } = {};
    cyclic.self = cyclic;
    const back = (await counter.echo(cyclic)) as typeof cyclic;
    expect(back.self).to.equal(back);
    const shared = Array.from({ length: 40 }).reduce<object>((inner) => ({ a: inner, b: inner }), {});
    const { a, b } = (await counter.echo(shared)) as { a: unknown; b: unknown };
    expect(a).to.equal(b);
  });

  it('rejects with CloneError what cannot be sent, there and back', async () => {
    const sent = await rejection(counter.see(() => 1));
    expect(sent).to.be.instanceOf(CloneError);
    expect(sent.message).to.match(/^Cannot send the arguments of counter\.see\(\): .*could not be cloned/);
    expect(await rejection(counter.uncloneable())).to.be.instanceOf(CloneError);
    expect(await counter.stats.seen).to.deep.equal([]);
  });

  it('rejects calls of what is no function, and of what is not there', async () => {
    const loose = counter as unknown as { count(): Promise<void>; no: { such(): Promise<void> } };
    expect(await rejection(loose.count()))
      .to.be.instanceOf(TypeError)
      .with.property('message', 'count is not a function');
    expect(await rejection(loose.no.such())).to.be.instanceOf(TypeError);
  });

  it('names what is exposed when there is nothing of that name', async () => {
    const error = await rejection(there.wrap<Counter>('countr').add(1));
    expect(error).to.be.instanceOf(NotExposedError).with.property('code', 'ERR_NOT_EXPOSED');
    expect(error.message).to.equal(`Cannot find "countr": loop "${there.name}" exposes "counter"`);
  });

  it('may be called before expose()', async () => {
    const early = there.wrap<Counter>('early');
    expect(await rejection(early.add(1))).to.be.instanceOf(NotExposedError);
    await there.runCoroutineThreadsafe(exposeCounter, 'early');
    expect(await early.add(1)).to.equal(1);
    await there.runCoroutineThreadsafe(closeExposure);
    expect(await rejection(early.add(1))).to.be.instanceOf(NotExposedError);
  });

  it('refuses wrong arguments at once', () => {
    // @ts-expect-error -- JavaScript does not know
    expect(() => there.wrap(5)).to.throw(TypeError, 'name must be a string, got 5');
    expect(() => there.wrap('a', { timeout: NaN })).to.throw(
      TypeError,
      'timeout must be a number of seconds',
    );
  });

  it('works in a loop, and from code outside of any', async () => {
    expect(await counter.add(1)).to.equal(1);
    expect(await inLoop(async () => counter.add(1))).to.equal(2);
  });

  it('says what is wrong when it is made a string without an await, and asks for nothing', async () => {
    const toText = (value: unknown): string => String(value);
    const said = 'Cannot convert counter.count to a primitive value: it is in another loop, await it first';
    expect(() => toText(counter.count)).to.throw(TypeError, said);
    expect(() => Number(counter.count)).to.throw(TypeError, said);
    expect(() => toText(counter)).to.throw(TypeError, 'Cannot convert counter to a');
    expect(() => [...(counter.stats as unknown as Iterable<unknown>)]).to.throw(TypeError, 'not iterable');
    expect(inspect(counter.stats)).to.equal(`<Remote counter.stats of ${there.name}>`);
    await new Promise((resolve) => setImmediate(resolve)); // nothing was rejected that nobody waits for
    expect(await counter.stats.deep.er).to.equal('here');
  });

  it('is shown with its name and loop', () => {
    expect(inspect(counter)).to.equal(`<Remote counter of ${there.name}>`);
    expect(Reflect.get(counter, Symbol.toStringTag)).to.equal(undefined); // symbols are not asked for over there
  });

  it('reports an assignment that fails to the exception handler of the loop', async () => {
    const reports: unknown[] = [];
    await inLoop(async (_, loop) => {
      loop.setExceptionHandler((_, { message, exception }) =>
        reports.push([message, exception?.constructor]),
      );
      (counter as unknown as { brittle: string }).brittle = 'cup';
      while (reports.length === 0) await sleep(0.001);
    });
    expect(reports).to.deep.equal([[`Cannot set counter.brittle in loop "${there.name}"`, OverflowError]]);
  });

  describe('timeout', () => {
    for (const where of ['in a loop', 'outside of loops']) {
      it(`rejects with TimeoutError while the peer is blocked, ${where}`, async () => {
        const gate = newGate();
        const hasty = there.wrap<Counter>('counter', { timeout: 0.05 });
        const body = async (): Promise<void> => {
          const error = await rejection(hasty.block(gate));
          expect(error).to.be.instanceOf(TimeoutError).with.property('code', 'ERR_TIMEOUT');
          expect(error.message).to.equal(
            `Loop "${there.name}" did not reply to counter.block() within 0.05 seconds`,
          );
          expect(Atomics.load(gate, 0)).to.equal(0);
          open(gate);
          expect(await counter.add(1)).to.equal(1); // and the late answer bothered nobody
        };
        await (where === 'in a loop' ? inLoop(body) : body());
        hasty[releaseProxy]();
      });
    }

    it('cancels the call in the other loop', async () => {
      const hasty = there.wrap<Counter>('counter', { timeout: 0.02 });
      expect(await rejection(hasty.doze(60))).to.be.instanceOf(TimeoutError);
      expect(await counter.lastDoze()).to.equal('cancelled');
    });

    it('leaves calls that are in time alone', async () => {
      const patient = there.wrap<Counter>('counter', { timeout: 3e6 }); // longer than Node's timers go
      expect(await patient.addSlowly(1)).to.equal(1);
      expect(await inLoop(async () => patient.addSlowly(1))).to.equal(2);
    });

    it('is distinguished from a TimeoutError that the method throws', async () => {
      expect(await rejection(counter.time()))
        .to.be.instanceOf(TimeoutError)
        .with.property('message', 'mine');
    });
  });

  it('cancels the call when the task that awaits it is cancelled', async () => {
    await inLoop(async (_, loop) => {
      const task = loop.createTask(async () => counter.doze(60));
      while (!(await counter.isDozing())) await sleep(0.001);
      task.cancel();
      expect(await rejection(task)).to.be.instanceOf(CancelledError);
      expect(await counter.lastDoze()).to.equal('cancelled');
    });
  });

  describe('releaseProxy', () => {
    it('makes later calls fail at once, and lets pending ones settle', async () => {
      const released = there.wrap<Counter>('counter');
      const { add } = released;
      const pending = [released.addSlowly(1), released.addSlowly(1), released.overflow(1)];
      released[releaseProxy]();
      expect(await rejection(released.add(1))).to.be.instanceOf(InvalidStateError);
      released[releaseProxy](); // once more
      expect(await rejection(add(1))).to.be.instanceOf(InvalidStateError);
      const [first, second, third] = await Promise.allSettled(pending);
      expect(first).to.deep.equal({ status: 'fulfilled', value: 1 });
      expect(second).to.deep.equal({ status: 'fulfilled', value: 2 });
      expect(third).to.have.nested.property('reason.code', 'ERR_OVERFLOW');
    });

    it('is called at the end of `using`', async () => {
      let escaped: Remote<Counter>;
      {
        using scoped = there.wrap<Counter>('counter');
        expect(await scoped.add(1)).to.equal(1);
        escaped = scoped;
      }
      const error = await rejection(escaped.add(1));
      expect(error).to.be.instanceOf(InvalidStateError);
      expect(error.message).to.equal('Cannot use counter.add(): its proxy has been released');
    });

    it('leaves other proxies of the object alone', async () => {
      const other = there.wrap<Counter>('counter');
      other[releaseProxy]();
      expect(await counter.add(1)).to.equal(1);
    });
  });

  it('rejects what needs a MessagePort of its own', async () => {
    const endpoint = Reflect.get(counter, Comlink.createEndpoint) as () => Promise<unknown>; // its type is the browser's
    const error = await rejection(endpoint());
    expect(error).to.be.instanceOf(CloneError);
    const marked = await rejection(counter.see(Comlink.proxy(() => 1)));
    expect(marked).to.be.instanceOf(CloneError);
    expect(marked.message).to.contain('use proxy() of ringloop');
  });

  it("moves what Comlink's transfer() marks, and ringloop's", async () => {
    for (const bytes of [8, 1 << 20]) {
      for (const mark of [Comlink.transfer, transfer] as (typeof transfer)[]) {
        const buffer = new ArrayBuffer(bytes);
        const answer = counter.see(mark(buffer, [buffer]));
        expect(buffer.byteLength).to.equal(0);
        await answer;
        const seen = (await counter.stats).seen.pop() as ArrayBuffer; // just put there
        expect(seen.byteLength).to.equal(bytes);
      }
    }
  });

  it('leaves Comlink to its other users in the process', async () => {
    const { port1, port2 } = new MessageChannel();
    Comlink.expose(new Counter(), port1);
    const direct = Comlink.wrap<Counter>(port2);
    expect(await direct.add(1)).to.equal(1);
    const told: number[] = [];
    await direct.callBack(
      Comlink.proxy(async (value: number) => Promise.resolve(told.push(value))) as never, // our types are not for it
      2,
    );
    expect(told).to.deep.equal([0, 1]);
    port1.close();
  });

  it('sends what a transfer handler of Comlink takes', async () => {
    class Celsius {
      readonly degrees: number;
      constructor(degrees: number) {
        this.degrees = degrees;
      }
    }
    const handler: Comlink.TransferHandler<Celsius, number> = {
      canHandle: (value): value is Celsius => value instanceof Celsius,
      serialize: ({ degrees }) => [degrees, []],
      deserialize: (degrees) => new Celsius(degrees),
    };
    await inLoop(async (ref) => {
      ref.expose('thermometer', { warmer: (from: Celsius) => new Celsius(from.degrees + 1) });
      Comlink.transferHandlers.set('celsius', handler);
      try {
        using thermometer = ref.wrap<{ warmer(from: Celsius): Celsius }>('thermometer');
        const warmer = await thermometer.warmer(new Celsius(20));
        expect(warmer).to.be.instanceOf(Celsius).with.property('degrees', 21);
        // The other thread has no such handler.
        expect((await rejection(counter.see(new Celsius(1)))).message).to.contain(
          'no transfer handler "celsius"',
        );
      } finally {
        Comlink.transferHandlers.delete('celsius');
      }
    });
  });

  it('infers the types of results', () => {
    type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
    const added: Equal<ReturnType<typeof counter.add>, Promise<number>> = true;
    const slowly: Equal<ReturnType<typeof counter.addSlowly>, Promise<number>> = true;
    const count: Equal<typeof counter.count, Promise<number>> = true;
    const deep: Equal<typeof counter.stats.deep.er, Promise<string>> = true;
    const stepped: Equal<ReturnType<typeof counter.addByGenerator>, Promise<number>> = true;
    const lent: Equal<ReturnType<typeof counter.part>, Promise<Remote<Part & ProxyMarked>>> = true;
    const handler: Equal<
      Parameters<typeof counter.subscribe>[0],
      Remote<Listener> | (Listener & ProxyMarked)
    > = true;
    // @ts-expect-error -- a callback has to be marked
    const unmarked = (): unknown => counter.subscribe(async (value: number) => Promise.resolve(value));
    // @ts-expect-error -- a string is no number
    const wrong = (): unknown => counter.add('1');
    // @ts-expect-error -- no such method
    const missing = (): unknown => counter.subtract;
    expect([added, slowly, count, deep, stepped, lent, handler]).not.to.include(false);
    expect([wrong, missing, unmarked]).to.have.length(3); // the compiler has looked at them
  });
});

describe('LoopRef.expose()', () => {
  it('works before the loop runs, and calls run when it does', async () => {
    const { loop, ref } = loopWithInbox();
    using exposure = ref.expose('early', new Counter());
    expect(exposure.name).to.equal('early');
    const answer = ref.wrap<Counter>('early').add(1);
    expect(await loop.runUntilComplete(() => answer)).to.equal(1);
    loop.close();
  });

  it('refuses a name that is taken until it is free', async () => {
    await inLoop(async (ref) => {
      const first = ref.expose('it', { n: () => 1 });
      expect(() => ref.expose('it', {}))
        .to.throw(NameTakenError, 'Cannot expose "it" in loop "main": the name is taken')
        .with.property('code', 'ERR_NAME_TAKEN');
      first.close();
      ref.expose('it', { n: () => 2 });
      first.close(); // does nothing to its successor
      expect(await ref.wrap<{ n(): number }>('it').n()).to.equal(2);
    });
  });

  it('exposes a function', async () => {
    await inLoop(async (ref) => {
      ref.expose('twice', (value: number) => 2 * value);
      expect(await ref.wrap<(value: number) => number>('twice')(4)).to.equal(8);
    });
  });

  it('lets calls that run go on when it is closed', async () => {
    await inLoop(async (ref) => {
      const exposure = ref.expose('it', new Counter());
      const it = ref.wrap<Counter>('it');
      const pending = it.addSlowly(3);
      await it.add(1);
      exposure.close();
      expect(await pending).to.equal(4);
      expect((await rejection(it.add(1))).message).to.equal('Cannot find "it": loop "main" exposes nothing');
    });
  });

  it('is for the thread of the loop alone', async () => {
    await using group = await spawnCounters(1);
    const there = group.next();
    expect(() => there.expose('mine', {}))
      .to.throw(LoopStateError, 'it belongs to another thread')
      .with.property('code', 'ERR_OTHER_LOOP');
    await inLoop(async (ref) => {
      expect(await there.runCoroutineThreadsafe(exposeInOther, ref)).to.equal('ERR_OTHER_LOOP');
    });
  });

  it('refuses a closed loop and wrong arguments', () => {
    const { loop, ref } = loopWithInbox();
    // @ts-expect-error -- JavaScript does not know
    expect(() => ref.expose(5, {})).to.throw(TypeError, 'name must be a string, got 5');
    // @ts-expect-error -- JavaScript does not know
    expect(() => ref.expose('five', 5)).to.throw(TypeError, 'object must be an object or a function, got 5');
    loop.close();
    expect(() => ref.expose('late', {}))
      .to.throw(LoopStateError)
      .with.property('code', 'ERR_LOOP_CLOSED');
  });

  it('two loops use objects of each other at once', async () => {
    await using group = await spawnCounters(2);
    const [first, second] = group.loops as [LoopRef, LoopRef]; // two were asked for
    const sums = await Promise.all([
      first.runCoroutineThreadsafe(addThere, second, 'counter', 1000),
      second.runCoroutineThreadsafe(addThere, first, 'counter', 1000),
    ]);
    expect(sums).to.deep.equal([1000, 1000]);
  });

  it('serves every loop of a group', async () => {
    await using group = await spawnCounters(3);
    const counters = group.loops.map((ref) => ref.wrap<Counter>('counter'));
    expect(await Promise.all(counters.map((counter, i) => counter.add(i)))).to.deep.equal([0, 1, 2]);
  });
});

describe('proxy()', () => {
  it('lets the other loop call back, and takes the callback back when it is released', async () => {
    await using group = await spawnCounters(1);
    await inLoop(async (ref, loop) => {
      using counter = group.next().wrap<Counter>('counter');
      const told: unknown[] = [];
      const listener = proxy(async (value: number) => {
        told.push([value, loop.isRunning()]);
        await sleep(0);
        return `${ref.name} ${value}`;
      });
      expect(await counter.callBack(listener, 3)).to.deep.equal(['main 0', 'main 1', 'main 2']);
      expect(told).to.deep.equal([
        [0, true],
        [1, true],
        [2, true],
      ]);
      await lentCountOf(loop, 0);
    });
  });

  it('brings an error of the callback to who calls it, and on to the caller', async () => {
    await using group = await spawnCounters(1);
    await inLoop(async () => {
      using counter = group.next().wrap<Counter>('counter');
      const listener = proxy(() => {
        throw new OverflowError(9);
      });
      expect(await rejection(counter.callBack(listener, 1))).to.be.instanceOf(OverflowError);
    });
  });

  it('lends results: functions and objects', async () => {
    await using group = await spawnCounters(1);
    const counter = group.next().wrap<Counter>('counter');
    const adder = await counter.adder(5);
    expect(await adder(1)).to.equal(6);
    const part = await counter.part('it');
    expect(await part.greet()).to.equal('I am it');
    adder[releaseProxy]();
    expect(await rejection(adder(1))).to.be.instanceOf(InvalidStateError);
  });

  it('runs the calls made just before the release', async () => {
    await using group = await spawnCounters(1);
    const adder = await group.next().wrap<Counter>('counter').adder(5);
    const last = Promise.all([adder(1), adder(2)]);
    adder[releaseProxy]();
    expect(await last).to.deep.equal([6, 7]);
    expect(await group.next().runCoroutineThreadsafe(lentHere)).to.equal(0);
  });

  it('lends an object on to a third loop', async () => {
    await using group = await spawnCounters(2);
    const first = group.next().wrap<Counter>('counter');
    const second = group.next().wrap<Counter>('counter');
    await inLoop(async () => {
      const adder = await first.adder(5);
      expect(await second.callBack(adder as unknown as Remote<Listener>, 2)).to.deep.equal([5, 6]);
    });
  });

  it('is the original object when it comes back as a result, an argument or a property', async () => {
    await using group = await spawnCounters(1);
    await inLoop(async (ref, loop) => {
      const counter = group.next().wrap<Counter>('counter');
      const mine = proxy({ name: 'mine' });
      const listener = proxy(async (value: number) => Promise.resolve(value));
      for (let i = 0; i < 3; i++) expect(await counter.echo(mine)).to.equal(mine);
      expect(await counter.echo(listener)).to.equal(listener);
      // @ts-expect-error -- properties of a Remote are readonly for the compiler, but can be set
      counter.kept = mine;
      expect(await counter.kept).to.equal(mine);
      const seen = new Counter();
      using exposure = ref.expose('home', seen);
      await counter.passOn(listener, ref, exposure.name);
      expect(seen.kept).to.equal(listener);
      // What is exposed under a name comes home as well.
      expect(await counter.echo(ref.wrap('home'))).to.equal(seen);
      await counter.keepOrGive(null);
      await group.next().runCoroutineThreadsafe(collectGarbageUntilReleased);
      await lentCountOf(loop, 0);
    });
  });

  it('is the original object when it comes back by a third thread, which calls it directly', async () => {
    await using group = await spawnCounters(2);
    const [second, third] = [group.next(), group.next()];
    await inLoop(async (ref, loop) => {
      const there = second.wrap<Counter>('counter');
      const beyond = third.wrap<Counter>('counter');
      const mine = proxy(new Counter());
      await there.passOn(mine, third, 'counter');
      expect(await beyond.keepOrGive(null)).to.equal(mine);
      await there.subscribe(proxy(async (value: number) => Promise.resolve(value * 2)));
      await there.passOn(mine, third, 'counter');
      using exposure = ref.expose('home', mine);
      expect(exposure.name).to.equal('home');
      await group.loops[0]?.runCoroutineThreadsafe(collectGarbageUntilReleased);
      expect(await beyond.keepOrGive(null)).to.equal(mine);
      await third.runCoroutineThreadsafe(collectGarbageUntilReleased);
      await there.unsubscribeAll();
      await lentCountOf(loop, 0);
    });
  });

  it('is the same listener there when it is lent twice, and is given back as often', async () => {
    await using group = await spawnCounters(1);
    await inLoop(async (_, loop) => {
      const counter = group.next().wrap<Counter>('counter');
      const listener = proxy(async (value: number) => Promise.resolve(value + 1));
      const other = proxy(async (value: number) => Promise.resolve(value + 2));
      expect(await counter.areSame(listener, listener)).to.equal(true);
      expect(await counter.areSame(listener, other)).to.equal(false);
      await group.next().runCoroutineThreadsafe(collectGarbageUntilReleased);
      await lentCountOf(loop, 0);
      await counter.subscribe(listener);
      await counter.subscribe(other);
      expect(await counter.publish(1)).to.deep.equal([2, 3]);
      expect(await counter.unsubscribe(listener)).to.equal(true);
      expect(await counter.publish(1)).to.deep.equal([3]);
      expect(await counter.unsubscribe(listener)).to.equal(false);
      await lentCountOf(loop, 2); // the last one was not released
      await counter.unsubscribeAll();
      await group.next().runCoroutineThreadsafe(collectGarbageUntilReleased);
      await lentCountOf(loop, 0);
    });
  });

  it('is kept while one of two borrowers has it, and freed when that has ended', async () => {
    const first = await spawnCounters(1);
    const second = await spawnCounters(1);
    await inLoop(async (_, loop) => {
      const listener = proxy(async (value: number) => Promise.resolve(value)) as unknown as Remote<Listener>;
      await first.next().wrap<Counter>('counter').subscribe(listener);
      const counter = second.next().wrap<Counter>('counter');
      await counter.subscribe(listener);
      await lentCountOf(loop, 1);
      await first.close();
      expect(await counter.publish(7)).to.deep.equal([7]);
      await second.close();
      await lentCountOf(loop, 0);
    });
  });

  it('can be called by whom it was lent on to, when who lent it on has ended', async () => {
    const first = await spawnCounters(1);
    await using second = await spawnCounters(1);
    await inLoop(async (_, loop) => {
      const listener = proxy(async (value: number) => Promise.resolve(value)) as unknown as Remote<Listener>;
      const there = second.next();
      using counter = there.wrap<Counter>('counter');
      await first.next().wrap<Counter>('counter').passOn(listener, there, 'counter');
      await first.close();
      const kept = await counter.keepOrGive(null);
      expect(kept).to.equal(listener);
      await there.runCoroutineThreadsafe(collectGarbageUntilReleased);
      await lentCountOf(loop, 0);
    });
  });

  it('cannot be sent on when it was released', async () => {
    await using group = await spawnCounters(1);
    await inLoop(async () => {
      const counter = group.next().wrap<Counter>('counter');
      const adder = await counter.adder(5);
      adder[releaseProxy]();
      const refused = await rejection(counter.echo(adder));
      expect(refused).to.be.instanceOf(InvalidStateError);
      expect(refused.message).to.match(/^Cannot send .*: its proxy has been released$/);
    });
  });

  it('needs a loop to call back into', async () => {
    await using group = await spawnCounters(1);
    const counter = group.next().wrap<Counter>('counter');
    const error = await rejection(counter.see(proxy(() => 1)));
    expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_NO_RUNNING_LOOP');
  });

  it('lends nothing when the call is not made', async () => {
    await using group = await spawnCounters(1);
    await inLoop(async (_, loop) => {
      const counter = group.next().wrap<Counter>('counter');
      expect(await rejection(counter.echo(proxy({}), () => 1))).to.be.instanceOf(CloneError);
      await lentCountOf(loop, 0);
    });
  });

  it('frees what was lent to a thread that has ended, and calls to it reject', async () => {
    await using group = await spawnCounters(1);
    await inLoop(async (ref, loop) => {
      const exposed = new Counter();
      ref.expose('main counter', exposed);
      const there = group.next();
      // Lent in both directions.
      await there.runCoroutineThreadsafe(subscribeThere, ref, 'main counter');
      const counter = there.wrap<Counter>('counter');
      await counter.subscribe(proxy(async (value: number) => Promise.resolve(value)));
      await lentCountOf(loop, 1);
      expect(await exposed.publish(4)).to.deep.equal([8]);
      await group.close();
      expect(await rejection(exposed.publish(4))).to.be.instanceOf(PeerExitedError);
      await lentCountOf(loop, 0);
    });
  });

  it('frees what was lent to a thread that has ended without ever calling it', async () => {
    const group = await spawnCounters(1);
    await inLoop(async (_, loop) => {
      const counter = group.next().wrap<Counter>('counter');
      await counter.subscribe(proxy(async (value: number) => Promise.resolve(value)));
      await lentCountOf(loop, 1);
      await group.close();
      await lentCountOf(loop, 0);
    });
  });

  it('refuses what cannot be marked', () => {
    // @ts-expect-error -- JavaScript does not know
    expect(() => proxy(5)).to.throw(TypeError, 'value must be an object or a function, got 5');
    // @ts-expect-error -- JavaScript does not know
    expect(() => proxy(null)).to.throw(TypeError, 'got null');
  });
});

describe('LoopRef.wrap(), when proxies are collected', () => {
  let group: LoopGroup;
  before(async () => {
    group = await spawnCounters(1);
  });
  after(() => group.close());

  it('loses no pending call', async () => {
    const gate = newGate();
    const { call, remote } = useAndForget(() => {
      const counter = group.next().wrap<Counter>('counter');
      return { call: counter.passThrough(gate), remote: new WeakRef(counter) };
    });
    await collectedUntil(() => remote.deref() === undefined);
    open(gate);
    expect(await call).to.equal('through');
  });

  it('frees what was lent by the other loop', async () => {
    const there = group.next();
    const use = async (): Promise<number> => {
      const counter = there.wrap<Counter>('counter');
      const adder = await counter.adder(5);
      expect(await there.runCoroutineThreadsafe(lentHere)).to.equal(1);
      return adder(1);
    };
    expect(await use()).to.equal(6);
    await collectedUntil(async () => (await there.runCoroutineThreadsafe(lentHere)) === 0);
  });

  it('frees what was lent to the other loop', async () => {
    await inLoop(async (_, loop) => {
      const counter = group.next().wrap<Counter>('counter');
      await counter.echo('a', 'b');
      await counter.ignore(proxy(() => 1));
      expect(lentBy(loop)).to.equal(1);
      await collectedUntil(async () => {
        await group.next().runCoroutineThreadsafe(collectGarbage);
        return lentBy(loop) === 0;
      });
    });
  });
});

describe('LoopRef.wrap(), in a process', () => {
  it('lets it end by itself, with nothing to say', async () => {
    const program = new URL('./fixtures/uses-and-ends.js', import.meta.url);
    expect(await runProgram(program)).to.deep.equal({ code: 0, stdout: 'done\n', stderr: '' });
  }).slow(3000);
});

describe('LoopRef.wrap(), when the peer goes', () => {
  it('rejects all pending calls when its thread is ended', async () => {
    await using group = await spawnCounters(1);
    const counter = group.next().wrap<Counter>('counter');
    const gate = newGate();
    const calls = [counter.block(gate), ...Array.from({ length: 20 }, () => counter.add(1))];
    const settled = Promise.allSettled(calls);
    Atomics.wait(gate, 1, 0, 5000); // it is in the middle of the first
    await group.close({ timeout: 0.01 });
    const reasons = (await settled).map((result) => (result as PromiseRejectedResult).reason as Error);
    expect(reasons.every((reason) => reason instanceof PeerExitedError)).to.equal(true);
    expect(await rejection(counter.add(1))).to.be.instanceOf(PeerExitedError);
    counter[releaseProxy](); // there is nobody to tell
  });

  it('rejects calls that its thread did not live to answer', async () => {
    await using group = await spawnCounters(1);
    const counter = group.next().wrap<Counter>('counter');
    const never = rejection(counter.never());
    expect(await rejection(counter.die())).to.be.instanceOf(PeerExitedError);
    expect(await never).to.be.instanceOf(PeerExitedError);
  });

  it('rejects with ERR_LOOP_CLOSED when the loop is closed', async () => {
    const { loop, ref } = loopWithInbox();
    ref.expose('it', new Counter());
    loop.setExceptionHandler(() => undefined); // it says that the task below was destroyed
    const it = ref.wrap<Counter>('it');
    const pending = rejection(it.never());
    await loop.runUntilComplete(() => it.add(1));
    loop.close();
    expect(await pending)
      .to.be.instanceOf(LoopStateError)
      .with.property('code', 'ERR_LOOP_CLOSED');
    expect(await rejection(it.add(1))).to.have.property('code', 'ERR_LOOP_CLOSED');
  });
});

/** Runs `use` in a frame of its own, so that nothing there is held by ours. */
function useAndForget<T>(use: () => T): T {
  return use();
}

/** Collects garbage, and lets finalizers run, until `done` says so; the test's own limit ends it. */
async function collectedUntil(done: () => boolean | Promise<boolean>): Promise<void> {
  do {
    await new Promise(setImmediate); // what `done` has looked at is held until then
    collectGarbage();
    await new Promise(setImmediate);
  } while (!(await done()));
}

/** Waits until that many objects of the loop are lent. */
async function lentCountOf(loop: BaseEventLoop, count: number): Promise<void> {
  while (lentBy(loop) !== count) await sleep(0.001);
}
