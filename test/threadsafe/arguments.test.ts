import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import { CloneError } from '@ringloop/threadsafe';
import {
  planArguments,
  readArguments,
  Segment,
  writeArguments,
  writeRecord,
  Kind,
} from '@ringloop/threadsafe/internal';

/** What `args` are after they were written into a ring and read out of it. */
function roundTrip(args: readonly unknown[]): unknown[] {
  const aside: unknown[] = [];
  const sendAside = (value: unknown): number => aside.push(structuredClone(value)) - 1;
  const plan = planArguments(args, sendAside, () => 'f()');
  const segment = Segment.allocate(1 << 22);
  const at = 6; // any 8-aligned record will do
  writeRecord(segment.words, at, Kind.CALL, plan.sizeBytes, 1, 0, plan.tags);
  writeArguments(segment, at, args, plan);
  expect(plan.sizeBytes % 8).to.equal(0);
  const read = readArguments(segment, at, (number) => aside[number]);
  const behind = segment.words.subarray(at + plan.sizeBytes / 4);
  expect(behind.subarray(0, 64).every((word) => word === 0)).to.equal(true); // nothing was written behind the record
  return read;
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: false,
  withObjectString: true,
});

describe('arguments', () => {
  it('arrive as structured clone would give them', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 10 }), (args) => {
        expect(isDeepStrictEqual(roundTrip(args), structuredClone(args))).to.equal(true);
      }),
      { numRuns: 500 },
    );
  });

  it('keep every number, -0 and NaN too', () => {
    fc.assert(
      fc.property(fc.array(fc.double(), { maxLength: 8 }), (args) => {
        expect(roundTrip(args).every((value, i) => Object.is(value, args[i]))).to.equal(true);
      }),
    );
  });

  it('keep strings of any characters and length', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 300 }),
    );
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), (args) => {
        expect(roundTrip(args)).to.deep.equal(args);
      }),
    );
  });

  it('that only structured clone can share go by the side road', () => {
    const words = new Int32Array(new SharedArrayBuffer(8));
    const [memory, view] = roundTrip([words.buffer, words]) as [SharedArrayBuffer, Int32Array];
    expect(memory).to.be.instanceOf(SharedArrayBuffer);
    words[1] = 7;
    expect([view[1], new Int32Array(memory)[1]]).to.deep.equal([7, 7]);
  });

  it('that are errors keep their class', () => {
    const [error] = roundTrip([
      Object.assign(new RangeError('far', { cause: new TypeError('why') }), { code: 'E' }),
    ]);
    expect(error).to.be.instanceOf(RangeError).and.to.include({ message: 'far', code: 'E' });
    expect((error as Error).cause).to.be.instanceOf(TypeError);
  });

  it('that cannot be sent are named, with the reason', () => {
    expect(() => roundTrip([1, 'two', { three: Symbol('s') }])).to.throw(
      CloneError,
      'Cannot send argument 3 of f(): Symbol(s) could not be cloned.',
    );
  });
});
