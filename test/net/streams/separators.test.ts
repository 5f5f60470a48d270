import { expect } from 'chai';
import fc from 'fast-check';
import { ByteQueue, Separators } from '@ringloop/net/internal';
import { thrownBy } from '../../rejection.js';

const queueOf = (...chunks: string[]): ByteQueue => {
  const queue = new ByteQueue();
  for (const chunk of chunks) queue.append(Buffer.from(chunk));
  return queue;
};

describe('net/separators', () => {
  it('Separators refuses none, an empty one, and text', async () => {
    for (const [given, error] of [
      [[], 'Separator should contain at least one element'],
      [[Buffer.from('a'), Buffer.alloc(0)], 'Separator should be at least one-byte string'],
      [Buffer.alloc(0), 'Separator should be at least one-byte string'],
      ['\n', 'separator must be bytes, such as Buffer.from("\\n")'],
      [[1], 'separator argument must be a Uint8Array, not number'],
    ] as const) {
      expect((await thrownBy(() => new Separators(given as unknown as Uint8Array))).message).to.equal(error);
    }
  });

  it('Separators.findIn() finds the separator that ends first, and the shortest of those that end there', () => {
    const found = (texts: string[], text: string): unknown =>
      new Separators(texts.map((each) => Buffer.from(each))).findIn(queueOf(text), 0);
    expect(found(['DEF', 'BCDE'], 'ABCDEFG')).to.deep.equal({ start: 1, end: 5 });
    expect(found(['ome dataA', 'A'], 'some dataA')).to.deep.equal({ start: 9, end: 10 });
    expect(found(['x', 'y'], 'ABC')).to.equal(null);
  });

  it('Separators copies what it is given', () => {
    const given = Buffer.from('b');
    const separators = new Separators(given);
    given.fill('x');
    expect(separators.findIn(queueOf('abc'), 0)).to.deep.equal({ start: 1, end: 2 });
  });

  it('Separators.findIn() finds what a search of all bytes finds, however they are cut', () => {
    const text = (min: number, max: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: min, maxLength: max, size: 'max' });
    fc.assert(
      fc.property(
        fc.array(text(1, 700), { maxLength: 8 }),
        fc.array(text(1, 12), { minLength: 1, maxLength: 4 }),
        (chunks, wanted) => {
          const all = chunks.join('');
          const ends = wanted
            .map((each) => ({ start: all.indexOf(each), end: all.indexOf(each) + each.length }))
            .filter(({ start }) => start !== -1)
            .sort((a, b) => a.end - b.end || b.start - a.start);
          const separators = new Separators(wanted.map((each) => Buffer.from(each)));
          expect(separators.findIn(queueOf(...chunks), 0)).to.deep.equal(ends[0] ?? null);
        },
      ),
      { numRuns: 300 },
    );
  });
});
