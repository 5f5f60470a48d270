import { type EventEmitter, on } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { BroadcastChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { BaseEventLoop, type Future } from '@ringloop/core';
import { PiscinaExecutor } from '@ringloop/executor';
import {
  type ConcurrentFuture,
  LoopGroup,
  type LoopRef,
  type RemoteFunction,
  RemoteFunctionError,
  remoteModule,
} from '@ringloop/threadsafe';
import { createLoop, echo, lastReport, reportErrors, sendNumbers } from '../fixtures/reporting-loop.js';
import { rejection } from '../../rejection.js';

type SlowModule = typeof import('../fixtures/slow-module.js');
type MathModule = typeof import('../fixtures/math.js');

const SLOW_MODULES: SlowModule['CHANNEL'] = 'ringloop-test-slow-module';

const math = remoteModule<MathModule>('../fixtures/math.js', import.meta.url);
const mathUrl = new URL('../fixtures/math.js', import.meta.url).href;

/** References by path, for what no type would let one write. */
type Untyped = RemoteFunction<unknown[]> & { readonly [key: string]: Untyped };
const at = (path: string, url = mathUrl): Untyped =>
  path.split('.').reduce((ref, key) => ref[key]!, remoteModule(url) as Untyped); // anything can be asked for

describe('remoteModule()', () => {
  let group: LoopGroup;
  let there: LoopRef;

  before(async () => {
    group = await LoopGroup.spawn({ loops: 2, loopFactory: createLoop });
    there = group.next();
    await there.runCoroutineThreadsafe(reportErrors);
  });

  after(() => group.close());

  it('gives references to exports, nested ones and async ones', async () => {
    expect(await there.runCoroutineThreadsafe(math.add, 1, 2)).to.equal(3);
    expect(await there.runCoroutineThreadsafe(math.addLater, 1, 2)).to.equal(3);
    expect(await there.runCoroutineThreadsafe(math.vector.add, [1, 2], [3])).to.deep.equal([4, 2]);
    expect(await there.runCoroutineThreadsafe(math.default, 4)).to.equal(8);
  });

  it('gives references to generator coroutines, which run step by step', async () => {
    expect(await there.runCoroutineThreadsafe(math.addStepwise, 1, 2)).to.equal(3);
  });

  it('gives references to functions whose source begins with "class"', async () => {
    expect(await there.runCoroutineThreadsafe(math.names.classify, 1)).to.equal('class 1');
    expect(await there.runCoroutineThreadsafe(math.names.class, 2)).to.equal('of class 2');
  });

  it('calls methods with their object, and exports with none', async () => {
    expect(await there.runCoroutineThreadsafe(math.vector.units.scaled, 3)).to.deep.equal([3, 3]);
    expect(await there.runCoroutineThreadsafe(math.counter.add, 3)).to.equal(3);
    expect(await there.runCoroutineThreadsafe(math.counter.add, 4)).to.equal(7);
    expect(await there.runCoroutineThreadsafe(math.Account.open)).to.equal(1);
    await there.runCoroutineThreadsafe(math.table.set, 'a', 1);
    expect(await there.runCoroutineThreadsafe(math.table.get, 'a')).to.equal(1);
    expect(await there.runCoroutineThreadsafe(math.own)).to.equal('undefined');
  });

  it('gives the same reference for the same path', () => {
    expect(math.vector.add).to.equal(math.vector.add);
    expect(math.add).not.to.equal(math.vector.add);
    expect(remoteModule<MathModule>(new URL(mathUrl))).to.equal(math);
    expect(remoteModule<MathModule>('../fixtures/math.js', new URL(import.meta.url))).to.equal(math);
  });

  it('calls 10,000 functions of one module, each found once', async () => {
    const { many } = math;
    for (let round = 0; round < 2; round++) {
      const answers: ConcurrentFuture<number>[] = [];
      for (let i = 0; i < 10_000; i++) {
        const fn = many[`f${i}`];
        if (fn !== undefined) answers.push(there.runCoroutineThreadsafe(fn));
      }
      expect(await Promise.all(answers)).to.deep.equal(Array.from({ length: 10_000 }, (_, i) => i));
    }
  });

  it('works in an executor, of the built-in modules too', async () => {
    const os = remoteModule<typeof import('node:os')>('node:os');
    const loop = new BaseEventLoop();
    loop.setDefaultExecutor(new PiscinaExecutor({ maxThreads: 1 }));
    await loop.runUntilComplete(async () => {
      expect(await loop.runInExecutor(null, math.vector.add, [1], [2])).to.deep.equal([3]);
      expect(await loop.runInExecutor(null, math.counter.add, 5)).to.equal(5);
      expect(await loop.runInExecutor(null, os.availableParallelism)).to.be.a('number');
      const error = await rejection(loop.runInExecutor(null, at('pi')));
      expect(error).to.be.instanceOf(RemoteFunctionError);
      expect(error.message).to.include('pi is a number (3.14) there');
      await loop.shutdownDefaultExecutor();
    });
    loop.close();
  });

  it('works with CommonJS modules, as far as import() does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ringloop-'));
    try {
      const file = join(folder, 'old.cjs');
      await writeFile(
        file,
        'exports.add = (a, b) => a + b; exports.deep = { self() { return this === exports.deep; } };',
      );
      interface Old {
        add(a: number, b: number): number;
        readonly deep: { self(): boolean };
      }
      const old = remoteModule<Old & { readonly default: Old }>(pathToFileURL(file));
      expect(await there.runCoroutineThreadsafe(old.add, 1, 2)).to.equal(3);
      expect(await there.runCoroutineThreadsafe(old.default.add, 3, 4)).to.equal(7);
      expect(await there.runCoroutineThreadsafe(old.default.deep.self)).to.equal(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  describe('of a slow module', () => {
    const slowUrl = new URL('../fixtures/slow-module.js', import.meta.url);
    let arrivals: AsyncIterator<unknown>;
    let channel: BroadcastChannel;

    beforeEach(() => {
      channel = new BroadcastChannel(SLOW_MODULES);
      arrivals = on(channel as unknown as EventEmitter, 'message')[Symbol.asyncIterator](); // an EventTarget will do
    });
    afterEach(() => channel.close());

    it('stalls only the lane that waits for it, and keeps its order', async () => {
      const slow = remoteModule<SlowModule>(slowUrl);
      const other = group.loops[1]!; // there are two
      await other.runCoroutineThreadsafe(echo, 'ready');
      let answers = 0;
      const fromOther = other.runCoroutineThreadsafe(sendNumbers, there, 100);
      for (let i = 0; i < 100; i++) there.callSoonThreadsafe(slow.record, i);
      const recorded = there.runCoroutineThreadsafe(slow.recorded);
      const behind = there.runCoroutineThreadsafe(echo, 'behind').then(() => answers++);
      await arrivals.next();
      await other.runCoroutineThreadsafe(echo, 'elsewhere');
      expect(answers).to.equal(0);
      channel.postMessage('go on');
      await Promise.all([behind, fromOther]);
      const numbers = (await recorded).filter((value) => typeof value === 'number');
      expect(numbers).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
      expect(await there.runCoroutineThreadsafe(slow.times)).to.equal(1); // though two threads had it imported
    });

    it('is imported by two threads at the same time, once in each', async () => {
      const slow = remoteModule<SlowModule>(`${slowUrl.href}?both`);
      const times = group.loops.map((ref) =>
        Promise.all([ref.runCoroutineThreadsafe(slow.times), ref.runCoroutineThreadsafe(slow.times)]),
      );
      await arrivals.next();
      await arrivals.next();
      channel.postMessage('go on');
      for (const [first, second] of await Promise.all(times)) expect(first).to.equal(second);
    });
  });

  it('rejects with what is there instead, and what could be asked for', async () => {
    const refused: [path: string, why: string][] = [
      ['pi', 'pi is a number (3.14) there'],
      ['vector.label', "vector.label is a string ('vector') there"],
      ['vector', 'vector is an object there'],
      ['vector.units.zero', 'vector.units.zero is an array there'],
      ['nothing', 'nothing is null there'],
      ['nothing.at', 'nothing is null there'],
      ['pi.half', 'pi is a number (3.14) there'],
      ['Account', 'Account is a class, and classes cannot be called'],
      [
        'subtract',
        'there is no subtract: it exports Account, add, addLater, addStepwise, counter, default, fragile, many, names, nothing, own, pi, table, vector',
      ],
      ['vector.subtract', 'there is no vector.subtract: vector has label, add, units'],
      ['vector.hasOwnProperty', 'there is no vector.hasOwnProperty: vector has label, add, units'],
      ['vector.__proto__', 'there is no vector.__proto__: vector has label, add, units'],
      ['vector.__proto__.add', 'there is no vector.__proto__: vector has label, add, units'],
      ['counter.subtract', 'there is no counter.subtract: counter has add'],
      ['add.call', 'there is no add.call: add has length, name'],
      ['fragile.part', 'reading part failed in the called thread'],
    ];
    for (const [path, why] of refused) {
      const error = await rejection(there.runCoroutineThreadsafe(at(path)));
      expect(error).to.be.instanceOf(RemoteFunctionError).with.property('code', 'ERR_REMOTE_FUNCTION');
      expect(error.message).to.equal(`Cannot find ${path} in ${mathUrl}: ${why}`);
    }
    const many = await rejection(there.runCoroutineThreadsafe(at('many.g')));
    expect(many.message).to.match(/many has f0, f1, .* f19 and 9980 more$/);
    const fragile = await rejection(there.runCoroutineThreadsafe(at('fragile.part')));
    expect(fragile.cause).to.be.instanceOf(TypeError).with.property('message', 'out of order');
  });

  it('rejects with the error of a module that cannot be imported, and its stack over there', async () => {
    const broken = remoteModule<typeof import('../fixtures/throws-at-import.js')>(
      '../fixtures/throws-at-import.js',
      import.meta.url,
    );
    for (let again = 0; again < 2; again++) {
      const error = await rejection(there.runCoroutineThreadsafe(broken.useIt));
      expect(error).to.be.instanceOf(RemoteFunctionError);
      expect(error.message).to.match(
        /^Cannot find useIt: importing file:.*throws-at-import\.js failed in the called thread$/,
      );
      const cause = error.cause as Error; // asserted next
      expect(cause).to.be.instanceOf(RangeError).with.property('message', 'no licence');
      expect(cause.stack).to.match(/at prepare .*throws-at-import/);
      expect(cause.cause).to.be.instanceOf(TypeError).with.property('message', 'file is missing');
    }
    const absent = await rejection(there.runCoroutineThreadsafe(at('fn', 'file:///no/such/module.js')));
    expect(absent.cause).to.be.instanceOf(Error).with.property('code', 'ERR_MODULE_NOT_FOUND');
  });

  it('is told over there that callSoonThreadsafe() cannot call coroutine functions', async () => {
    for (const [fn, kind] of [
      [math.addLater, 'AsyncFunction addLater'],
      [math.addStepwise, 'GeneratorFunction addStepwise'],
    ] as const) {
      there.callSoonThreadsafe(fn, 1, 2); // eslint-disable-line @typescript-eslint/no-misused-promises -- the linter would have told
      const [message, exception] = await there.runCoroutineThreadsafe(lastReport);
      expect(message).to.match(/^Exception in callback add(Later|Stepwise)\(\) called from another thread$/);
      expect(exception).to.be.instanceOf(TypeError);
      expect(exception?.message).to.equal(`coroutines cannot be used with callSoonThreadsafe(), got ${kind}`);
    }
    there.callSoonThreadsafe(at('pi'));
    const [, exception] = await there.runCoroutineThreadsafe(lastReport);
    expect(exception?.message).to.include('pi is a number');
  });

  it('gives references that say how they are used when they are called here, and that can be looked at', async () => {
    expect(() => math.vector.add([1], [2])).to.throw(
      RemoteFunctionError,
      `Cannot call vector.add of ${mathUrl} directly: it is a reference. Give it to callSoonThreadsafe()`,
    );
    expect(inspect(math)).to.equal(`<RemoteModule ${mathUrl}>`);
    expect(inspect(math.vector.add)).to.equal(`<RemoteFunction vector.add of ${mathUrl}>`);
    expect(String(math.vector.add)).to.equal(`<RemoteFunction vector.add of ${mathUrl}>`);
    expect(math.vector.add.name).to.equal('vector.add');
    expect(await Promise.resolve(math)).to.equal(math);
    expect(await Promise.resolve(math.vector)).to.equal(math.vector);
    expect(() => Object.assign(math.add, { extra: 1 })).to.throw(TypeError);
  });

  it('refuses what is no module', () => {
    const refused: [() => unknown, string][] = [
      [
        () => remoteModule('lodash', import.meta.url),
        "specifier must be an absolute URL or begin with ./, ../ or /, got 'lodash': resolve it first, with import.meta.resolve() for a package",
      ],
      [() => remoteModule('#internal', import.meta.url), "got '#internal'"],
      [() => remoteModule('.hidden/x.js', import.meta.url), "got '.hidden/x.js'"],
      [
        () => remoteModule('./math.js'),
        "specifier is relative, got './math.js': resolve it against import.meta.url",
      ],
      [
        () => remoteModule('./math.js', '/here/math.js'),
        "base must be the caller's import.meta.url, got '/here/math.js'",
      ],
      [() => remoteModule(7 as never), 'specifier must be a URL, got 7'],
    ];
    for (const [make, message] of refused) {
      expect(make).to.throw(TypeError, message).with.property('code', 'ERR_INVALID_ARG_TYPE');
    }
  });
});

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const expectType = <A>(value: A) => ({ toBe: <B>(same: Equal<A, B>): unknown => [value, same] });

/** Never called: it compiles, or it does not. */
export function types(there: LoopRef, loop: BaseEventLoop): void {
  expectType(there.runCoroutineThreadsafe(math.add, 1, 2)).toBe<ConcurrentFuture<number>>(true);
  expectType(there.runCoroutineThreadsafe(math.addLater, 1, 2)).toBe<ConcurrentFuture<number>>(true);
  expectType(there.runCoroutineThreadsafe(math.addStepwise, 1, 2)).toBe<ConcurrentFuture<number>>(true);
  expectType(loop.runInExecutor(null, math.vector.units.scaled, 2)).toBe<Future<number[]>>(true);
  expectType(math.add).toBe<RemoteFunction<[a: number, b: number], number>>(true);
  // @ts-expect-error -- it is not a string
  expectType(there.runCoroutineThreadsafe(math.add, 1, 2)).toBe<ConcurrentFuture<string>>(true);
  // @ts-expect-error -- a string is no number
  there.callSoonThreadsafe(math.add, 1, '2');
  // @ts-expect-error -- one argument is missing
  there.callSoonThreadsafe(math.vector.add, [1]);
  // @ts-expect-error -- no function
  expectType(math.pi);
  // @ts-expect-error -- no function
  expectType(math.vector.label);
  // @ts-expect-error -- no such export
  expectType(math.subtract);
  // @ts-expect-error -- an object, not a function
  there.callSoonThreadsafe(math.vector);
  // @ts-expect-error -- classes are not called
  there.callSoonThreadsafe(math.Account);
  // @ts-expect-error -- references cannot be replaced
  math.add = math.default;
}
