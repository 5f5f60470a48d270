import { types } from 'node:util';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { CloneError, LoopRef, remote } from '@ringloop/threadsafe';
import { cross, isPlain } from '../crossing.js';
import { loopWithInbox } from '../fixtures/calls.js';
import { graphs, sameGraph } from '../graphs.js';

/** Runs of the comparison with structured clone: set RINGLOOP_FUZZ for many. */
const RUNS = Number(process.env.RINGLOOP_FUZZ ?? 3000);

/** What structured clone gives; null if it throws. */
function cloned(args: unknown[]): unknown[] | null {
  try {
    return structuredClone(args);
  } catch {
    return null;
  }
}

const small = { id: 17, name: 'abc', ok: true, tags: ['x', 'y'] };

describe('arguments', () => {
  it('arrive as structured clone would give them, in classes, identity and cycles, or both refuse', function () {
    this.timeout(RUNS * 20);
    fc.assert(
      fc.property(graphs, (args) => {
        const expected = cloned(args);
        if (expected === null) expect(() => cross(...args)).to.throw(CloneError);
        else expect(sameGraph(cross(...args), expected)).to.equal(true);
      }),
      { numRuns: RUNS },
    );
  });

  it('keep every number, -0 and NaN too', () => {
    const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 2 ** 27, -(2 ** 27), 2 ** 31));
    fc.assert(
      fc.property(fc.array(number, { maxLength: 12 }), (args) => {
        const read = cross(...args);
        expect(read.length === args.length && read.every((value, i) => Object.is(value, args[i]))).to.equal(
          true,
        );
      }),
    );
  });

  it('keep strings of any characters and length', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
      fc.constantFrom('\ud800', 'é'.repeat(4096), '☃'.repeat(4096), 'x'.repeat(4097), 'x'.repeat(3_000_000)),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), (args) => {
        expect(cross(...args)).to.deep.equal(args);
      }),
    );
  });

  it('keep bigints of any size', () => {
    const args = [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n, -(10n ** 40n)];
    expect(args.map((arg) => cross(arg)[0])).to.deep.equal(args);
  });

  it('of common kinds are written as plain words', () => {
    const plain = [
      1,
      'text',
      'snow ☃',
      true,
      null,
      undefined,
      5n,
      small,
      new Uint8Array(1024),
      Buffer.from('b'),
    ];
    expect(plain.filter((arg) => !isPlain(arg))).to.deep.equal([]);
    expect(isPlain(...plain)).to.equal(true);
  });

  it('that are bytes keep their type, and nothing of this thread’s memory', () => {
    const data = [new Float64Array([1.5, -0]), new DataView(new ArrayBuffer(3)), new ArrayBuffer(5)];
    const read = cross(...data);
    expect(sameGraph(read, structuredClone(data))).to.equal(true);
    const [bytes] = cross(Buffer.from('secret').subarray(0, 3)) as [Uint8Array];
    expect(Object.getPrototypeOf(bytes)).to.equal(Uint8Array.prototype);
    expect([Buffer.from(bytes).toString(), bytes.buffer.byteLength]).to.deep.equal(['sec', 3]);
  });

  it('that are bytes of any length arrive, wherever they stand', () => {
    for (const length of [
      0,
      1,
      3,
      4,
      16_380,
      16_384,
      16_385,
      65_536,
      1_000_003,
      (1 << 20) - 64,
      (1 << 20) - 63,
      1 << 21,
    ]) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
      const buffer = bytes.slice().buffer;
      for (const args of [
        [bytes],
        [1, bytes],
        [bytes, 'behind'],
        [{ a: [bytes] }],
        [[bytes, 1]],
        [buffer, bytes],
      ]) {
        expect(sameGraph(cross(...args), structuredClone(args)), `${length} bytes`).to.equal(true);
      }
    }
    expect(isPlain(new Uint8Array(0)), 'none').to.equal(true);
    expect(isPlain(1, 'snow ☃', { a: [new Uint8Array(1_000_000)] }), 'many, at the end').to.equal(true);
  });

  it('that are detached buffers are refused, as structured clone does', () => {
    const bytes = new Uint8Array(8);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    expect(() => cross(bytes)).to.throw('Cannot send argument 1');
    expect(() => cross(bytes.buffer)).to.throw('Cannot send argument 1');
  });

  it('that are Buffers send their own bytes and nothing else, wherever they stand', () => {
    class Upload {
      readonly body = Buffer.from('secret').subarray(0, 3);
    }
    const buffer = Buffer.from('secret').subarray(0, 3);
    const message = {
      date: new Date(5),
      list: [buffer, buffer],
      map: new Map([['b', buffer]]),
      upload: new Upload(),
    };
    const [read] = cross(message) as [
      { list: Uint8Array[]; map: Map<string, Uint8Array>; upload: { body: Uint8Array } },
    ];
    const all = [...read.list, read.map.get('b')!, read.upload.body]; // it was sent with one
    for (const bytes of all) {
      expect(Object.getPrototypeOf(bytes)).to.equal(Uint8Array.prototype);
      expect([Buffer.from(bytes).toString(), bytes.buffer.byteLength]).to.deep.equal(['sec', 3]);
    }
    expect([read.list[1], all[2]]).to.deep.equal([read.list[0], read.list[0]]);
    expect(read.list[1]).to.equal(read.list[0]); // one object
    expect(message.list[0]).to.equal(buffer); // and the sender's message is as it was
  });

  it('that are views of one buffer remain so', () => {
    const buffer = new ArrayBuffer(16);
    const args = [new Uint8Array(buffer), new Uint16Array(buffer), new Uint8Array(buffer, 4, 4), buffer];
    expect(sameGraph(cross(...args), structuredClone(args))).to.equal(true);
  });

  const odd: Record<string, () => unknown> = {
    'an own __proto__': () => JSON.parse('{"__proto__": {"a": 1}, "b": 2}') as unknown,
    'a key of Object.prototype': () => ({ toString: 1, constructor: 2 }),
    'keys that are numbers': () => ({ 2: 'b', 1: 'a', x: 0 }),
    'keys of other alphabets': () => ({ ключ: 1, '☃': 2 }),
    'symbol keys and hidden ones': () =>
      Object.defineProperty({ [Symbol('s')]: 1, a: 1 }, 'hidden', { value: 2, enumerable: false }),
    'an array with holes': () => [1, , 3], // eslint-disable-line no-sparse-arrays -- what is tested
    'an array with properties': () => Object.assign([1, 2], { extra: 3 }),
    'an array with as many properties as holes': () => Object.assign([1, , 3], { extra: 3 }), // eslint-disable-line no-sparse-arrays -- what is tested
    'an empty array with properties': () => Object.assign([], { extra: 3 }),
    'an array of a subclass': () => Object.assign(new (class extends Array<number> {})(), [1, 2]),
    'a class instance': () =>
      new (class Point {
        x = 1;
        readonly #y = 2;
        get y(): number {
          return this.#y;
        }
      })(),
    'no prototype': () => Object.assign(Object.create(null) as object, { a: 1 }),
    'another realm': () => runInNewContext('({ a: [1, { b: 2 }], d: new Date(3) })') as unknown,
    'boxed primitives': () => [1, 's', true, 5n].map((value): unknown => Object(value)),
    'a date as a plain object': () => Object.setPrototypeOf(new Date(5), Object.prototype) as unknown,
    'a toStringTag': () => ({ [Symbol.toStringTag]: 'Map', a: 1 }),
    'Map, Set, Date and RegExp': () => [new Map([[{}, new Set([1])]]), new Date(NaN), /x/giu],
    'one object twice': () => ((shared) => [shared, { shared }])({}),
    'a cycle': () => ((loop: { self?: unknown }) => (loop.self = loop))({}),
    'a view of its own class': () => new (class extends Uint8Array {})(4),
    'many elements': () => Array.from({ length: 5000 }, (_, i) => ({ i })),
    'a long array of numbers': () => Array.from({ length: 256 }, (_, i) => i / 3),
    'a deep array': () => Array.from({ length: 500 }).reduce((inner) => [inner], 1),
    'many keys': () => Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${i}`, i])),
    'a getter': () => ({
      get a() {
        return [1];
      },
    }),
    'a getter that deletes': () => ({
      get a(): number {
        delete (this as { b?: number }).b;
        return 1;
      },
      b: 2,
    }),
  };
  for (const [what, make] of Object.entries(odd)) {
    it(`arrive as structured clone would give them: ${what}`, () => {
      expect(sameGraph(cross(make()), [structuredClone(make())])).to.equal(true);
    });
  }

  it('arrive complete although a getter among them makes another call', () => {
    let inner: unknown;
    const outer = {
      before: 1,
      get call() {
        inner = cross({ inner: [1] })[0];
        return 2;
      },
      after: 'x',
    };
    expect(cross(outer)).to.deep.equal([{ before: 1, call: 2, after: 'x' }]);
    expect(inner).to.deep.equal({ inner: [1] });
  });

  it('arrive as they are though somebody has added to Object.prototype', () => {
    const prototype = Object.prototype as { inherited?: number };
    prototype.inherited = 1;
    try {
      expect(Object.keys(cross({ own: 2 })[0] as object)).to.deep.equal(['own']);
    } finally {
      delete prototype.inherited;
    }
  });

  it('of ten thousand shapes arrive, each with its own keys', () => {
    for (let i = 0; i < 10_000; i++) {
      expect(cross({ [`a${i % 5000}`]: i, b: 1 })).to.deep.equal([{ [`a${i % 5000}`]: i, b: 1 }]);
    }
  });

  it('that only structured clone can share are sent by the broadcast channel', () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const [memory, view] = cross(words.buffer, words) as [SharedArrayBuffer, Int32Array];
    expect(types.isSharedArrayBuffer(memory)).to.equal(true);
    words[1] = 7;
    expect([view[1], new Int32Array(memory)[1]]).to.deep.equal([7, 7]);
  });

  it('that are errors keep their class, wherever they stand', () => {
    const error = Object.assign(new RangeError('far', { cause: new TypeError('why') }), { code: 'E' });
    const read = cross({ list: [error], map: new Map([[error, new Set([error])]]) }, error) as [
      { list: Error[]; map: Map<Error, Set<Error>> },
      Error,
    ];
    const [{ list, map }, again] = read;
    expect(again).to.be.instanceOf(RangeError).and.to.include({ message: 'far', code: 'E' });
    expect(again.cause).to.be.instanceOf(TypeError);
    expect([list[0], [...map.keys()][0], [...(map.get(again) ?? [])][0]]).to.deep.equal([
      again,
      again,
      again,
    ]);
    expect(list[0]).to.equal(again);
  });

  it('that are LoopRefs arrive as such, wherever they stand, and one object stays one', () => {
    const { loop, ref } = loopWithInbox();
    const message: Record<string, unknown> = {
      refs: [ref, ref],
      map: new Map([['ref', ref]]),
      set: new Set([ref]),
    };
    message.self = message;
    const [read] = cross(message) as [
      { refs: LoopRef[]; map: Map<string, LoopRef>; set: Set<LoopRef>; self: unknown },
    ];
    const [first] = read.refs;
    expect(first).to.be.instanceOf(LoopRef).with.property('name', ref.name);
    expect([read.refs[1], read.map.get('ref'), [...read.set][0]]).to.satisfy((all: unknown[]) =>
      all.every((each) => each === first),
    );
    expect(read.self).to.equal(read);
    expect(message.refs).to.deep.equal([ref, ref]); // and the sender's message is as it was
    loop.close();
  });

  it('that hold errors and LoopRefs in instances of classes arrive with them', () => {
    const { loop, ref } = loopWithInbox();
    class Job {
      readonly ref = ref;
      readonly error = new RangeError('far');
      readonly wire = ref.toWire();
    }
    const [job, again] = cross(new Job(), ref) as [Job, LoopRef];
    expect(Object.getPrototypeOf(job)).to.equal(Object.prototype);
    expect(job.ref).to.be.instanceOf(LoopRef).and.to.equal(again);
    expect(job.error).to.be.instanceOf(RangeError);
    expect(LoopRef.fromWire(job.wire)).to.have.property('name', ref.name);
    loop.close();
  });

  it('may contain objects that look like the markers of the codec', () => {
    const look = { 'ringloop.wire': { kind: 'Error' } };
    expect(sameGraph(cross(look, new Map([[1, look]])), [look, new Map([[1, look]])])).to.equal(true);
    const [read, error] = cross({ look: [look] }, new RangeError('real'));
    expect(sameGraph(read, { look: [look] })).to.equal(true);
    expect(error).to.be.instanceOf(RangeError);
  });

  const refused: [string, unknown, string][] = [
    ['a symbol', { three: Symbol('s') }, 'argument 2.three of f(): Symbol(s) cannot be cloned'],
    [
      'a callback',
      { options: { callback: () => 1 } },
      'argument 2.options.callback of f(): function callback() cannot be cloned',
    ],
    ['an anonymous function', [[() => 1]], 'argument 2[0][0] of f(): an anonymous function cannot be cloned'],
    [
      'a key that is no name',
      { 'a b': [1, Symbol('s')] },
      'argument 2["a b"][1] of f(): Symbol(s) cannot be cloned',
    ],
    ['in a Map', new Map([['k', Symbol('s')]]), "argument 2.get('k') of f(): Symbol(s) cannot be cloned"],
    ['a proxy', { p: new Proxy({}, {}) }, 'argument 2.p of f(): a Proxy cannot be cloned'],
    ['a proxy of an array', [new Proxy([], {})], 'argument 2[0] of f(): a Proxy cannot be cloned'],
    ['an arguments object', runInNewContext('(function () { return arguments; })(1)'), 'argument 2 of f(): '],
    ['a promise', { p: Promise.resolve() }, 'argument 2.p of f(): #<Promise> could not be cloned.'],
    ['a weak map', new WeakMap(), 'argument 2 of f(): #<WeakMap> could not be cloned.'],
    [
      'a function',
      remote('file:///x.js', function far() {
        return 1;
      }),
      'argument 2 of f(): function far() cannot be cloned',
    ],
    [
      'a getter that throws',
      {
        get a() {
          throw new Error('no a');
        },
      },
      'argument 2 of f(): no a',
    ],
  ];
  for (const [what, value, message] of refused) {
    it(`that cannot be sent are named, with the place and the reason: ${what}`, () => {
      expect(() => cross(1, value))
        .to.throw(CloneError, `Cannot send ${message}`)
        .with.property('cause');
    });
  }
});
