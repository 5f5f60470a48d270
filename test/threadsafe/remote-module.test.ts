import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
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
import {
  createLoop,
  echo,
  lastReport,
  reportErrors,
  sendNumbers,
  tallied,
} from './fixtures/reporting-loop.js';

type MathModule = typeof import('./fixtures/math.js');

const math = remoteModule<MathModule>('./fixtures/math.js', import.meta.url);
const mathUrl = new URL('./fixtures/math.js', import.meta.url).href;

/** References by path, for what no type would let one write. */
type Untyped = RemoteFunction<unknown[]> & { readonly [key: string]: Untyped };
const untyped = (specifier: string, base?: string): Untyped => remoteModule(specifier, base) as Untyped; // on purpose

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
    expect(remoteModule<MathModule>('../threadsafe/./fixtures/math.js', new URL(import.meta.url))).to.equal(
      math,
    );
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
      const error = await rejection(loop.runInExecutor(null, untyped(mathUrl).pi!));
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

  it('stalls only the lane that waits for a slow module, and keeps its order', async () => {
    const slow = remoteModule<typeof import('./fixtures/slow-module.js')>(
      './fixtures/slow-module.js',
      import.meta.url,
    );
    const other = group.loops[1] as LoopRef; // there are two
    const answered: string[] = [];
    // Two threads have it imported in `there`, and each has it imported for the first time.
    const fromOther = other.runCoroutineThreadsafe(sendNumbers, there, 100);
    for (let i = 0; i < 100; i++) there.callSoonThreadsafe(slow.record, i);
    const recorded = there
      .runCoroutineThreadsafe(slow.recorded)
      .then((values) => values.filter((value) => typeof value === 'number'));
    const behind = there.runCoroutineThreadsafe(echo, 'behind').then(() => answered.push('behind'));
    const elsewhere = other.runCoroutineThreadsafe(echo, 'elsewhere').then(() => answered.push('elsewhere'));
    await Promise.all([behind, elsewhere, fromOther]);
    expect(answered).to.deep.equal(['elsewhere', 'behind']);
    expect(await recorded).to.deep.equal(Array.from({ length: 100 }, (_, i) => i));
    expect(await there.runCoroutineThreadsafe(slow.times)).to.equal(1);
    expect(await other.runCoroutineThreadsafe(tallied)).to.equal(100);
  });

  it('is imported by two threads at the same time, once in each', async () => {
    const url = new URL('./fixtures/slow-module.js?both', import.meta.url);
    const slow = remoteModule<typeof import('./fixtures/slow-module.js')>(url);
    const times = await Promise.all(
      group.loops.flatMap((ref) => [
        ref.runCoroutineThreadsafe(slow.times),
        ref.runCoroutineThreadsafe(slow.times),
      ]),
    );
    expect(times[0]).to.equal(times[1]);
    expect(times[2]).to.equal(times[3]);
  });

  it('rejects with what is there instead, and what could be asked for', async () => {
    const wrong = untyped(mathUrl);
    const refused: [Untyped, string][] = [
      [wrong.pi!, 'Cannot find pi in URL: pi is a number (3.14) there'],
      [wrong.vector!.label!, "Cannot find vector.label in URL: vector.label is a string ('vector') there"],
      [wrong.vector!, 'Cannot find vector in URL: vector is an object there'],
      [
        wrong.vector!.units!.zero!,
        'Cannot find vector.units.zero in URL: vector.units.zero is an array there',
      ],
      [wrong.nothing!, 'Cannot find nothing in URL: nothing is null there'],
      [wrong.nothing!.at!, 'Cannot find nothing.at in URL: nothing is null there'],
      [wrong.pi!.half!, 'Cannot find pi.half in URL: pi is a number (3.14) there'],
      [wrong.Account!, 'Cannot find Account in URL: Account is a class, and classes cannot be called'],
      [
        wrong.subtract!,
        'Cannot find subtract in URL: there is no subtract: it exports Account, add, addLater, addStepwise, counter, default, fragile, many, nothing, own, pi, table, vector',
      ],
      [
        wrong.vector!.subtract!,
        'Cannot find vector.subtract in URL: there is no vector.subtract: vector has label, add, units',
      ],
      [
        wrong.counter!.subtract!,
        'Cannot find counter.subtract in URL: there is no counter.subtract: counter has add',
      ],
      [
        wrong.vector!.hasOwnProperty as unknown as Untyped,
        'Cannot find vector.hasOwnProperty in URL: there is no vector.hasOwnProperty: vector has label, add, units',
      ], // eslint-disable-line no-prototype-builtins -- a reference
      [
        wrong.vector!.__proto__ as unknown as Untyped,
        'Cannot find vector.__proto__ in URL: there is no vector.__proto__: vector has label, add, units',
      ],
      [
        wrong.add!.call as unknown as Untyped,
        'Cannot find add.call in URL: there is no add.call: add has length, name',
      ],
      [wrong.fragile!.part!, 'Cannot find fragile.part in URL: reading part failed in the called thread'],
    ];
    for (const [fn, message] of refused) {
      const error = await rejection(there.runCoroutineThreadsafe(fn));
      expect(error).to.be.instanceOf(RemoteFunctionError).with.property('code', 'ERR_REMOTE_FUNCTION');
      expect(error.message).to.equal(message.replace('URL', mathUrl));
    }
    const many = await rejection(there.runCoroutineThreadsafe(wrong.many!.g!));
    expect(many.message).to.match(/many has f0, f1, .* f19 and 9980 more$/);
    const fragile = await rejection(there.runCoroutineThreadsafe(wrong.fragile!.part!));
    expect(fragile.cause).to.be.instanceOf(TypeError).with.property('message', 'out of order');
  });

  it('rejects with the error of a module that cannot be imported, and its stack over there', async () => {
    const broken = remoteModule<typeof import('./fixtures/throws-at-import.js')>(
      './fixtures/throws-at-import.js',
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
    const absent = await rejection(there.runCoroutineThreadsafe(untyped('file:///no/such/module.js').fn!));
    expect(absent.cause).to.be.instanceOf(Error).with.property('code', 'ERR_MODULE_NOT_FOUND');
  });

  it('is told over there that callSoonThreadsafe() cannot call coroutine functions', async () => {
    for (const [fn, kind] of [
      [math.addLater, 'AsyncFunction addLater'],
      [math.addStepwise, 'GeneratorFunction addStepwise'],
    ] as const) {
      there.callSoonThreadsafe(fn, 1, 2);
      const [message, exception] = await there.runCoroutineThreadsafe(lastReport);
      expect(message).to.match(/^Exception in callback add(Later|Stepwise)\(\) called from another thread$/);
      expect(exception).to.be.instanceOf(TypeError);
      expect(exception?.message).to.equal(`coroutines cannot be used with callSoonThreadsafe(), got ${kind}`);
    }
    there.callSoonThreadsafe(untyped(mathUrl).pi!);
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
const expectType = <A>() => ({ toBe: <B>(same: Equal<A, B>): B | boolean => same });

/** Never called: it compiles, or it does not. */
export function types(there: LoopRef, loop: BaseEventLoop): void {
  const add = there.runCoroutineThreadsafe(math.add, 1, 2);
  expectType<typeof add>().toBe<ConcurrentFuture<number>>(true);
  const later = there.runCoroutineThreadsafe(math.addLater, 1, 2);
  expectType<typeof later>().toBe<ConcurrentFuture<number>>(true);
  const stepwise = there.runCoroutineThreadsafe(math.addStepwise, 1, 2);
  expectType<typeof stepwise>().toBe<ConcurrentFuture<number>>(true);
  const pooled = loop.runInExecutor(null, math.vector.units.scaled, 2);
  expectType<typeof pooled>().toBe<Future<number[]>>(true);
  expectType<typeof math.vector.add>().toBe<
    RemoteFunction<[a: readonly number[], b: readonly number[]], number[]>
  >(true);
  // @ts-expect-error -- a string is no number
  there.callSoonThreadsafe(math.add, 1, '2');
  // @ts-expect-error -- one argument is missing
  there.callSoonThreadsafe(math.vector.add, [1]);
  // @ts-expect-error -- no function
  void math.pi;
  // @ts-expect-error -- no function
  void math.vector.label;
  // @ts-expect-error -- no such export
  void math.subtract;
  // @ts-expect-error -- an object, not a function
  there.callSoonThreadsafe(math.vector);
  // @ts-expect-error -- classes are not called
  there.callSoonThreadsafe(math.Account);
  // @ts-expect-error -- references cannot be replaced
  math.add = math.default;
}

function rejection(promise: PromiseLike<unknown>): Promise<Error> {
  return Promise.resolve(promise).then(
    () => {
      throw new Error('did not reject');
    },
    (reason: unknown) => reason as Error, // what the library rejects with
  );
}
