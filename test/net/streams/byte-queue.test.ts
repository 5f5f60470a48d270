import { expect } from 'chai';
import fc from 'fast-check';
import { ByteQueue } from '@ringloop/net/internal';

describe('net/byte-queue', () => {
  it('ByteQueue gives a view of a chunk, and copies only across chunks', () => {
    const queue = new ByteQueue();
    const first = Buffer.alloc(5000, 'a');
    queue.append(first);
    queue.append(Buffer.alloc(5000, 'b'));
    const within = queue.take(4000);
    expect(within.buffer).to.equal(first.buffer);
    expect(queue.take(2000).toString()).to.equal('a'.repeat(1000) + 'b'.repeat(1000));
    expect(queue.size).to.equal(4000);
  });

  it('ByteQueue keeps small chunks in few blocks, and later ones do not change what was taken', () => {
    const queue = new ByteQueue();
    for (let i = 0; i < 3000; i++) queue.append(Buffer.from('x'));
    const taken = queue.take(2000);
    for (let i = 0; i < 3000; i++) queue.append(Buffer.from('y'));
    expect(taken.equals(Buffer.alloc(2000, 'x'))).to.equal(true);
    expect(queue.take(4000).toString()).to.equal('x'.repeat(1000) + 'y'.repeat(3000));
  });

  it('ByteQueue accepts a Uint8Array that is a part of a larger buffer', () => {
    const queue = new ByteQueue();
    queue.append(new Uint8Array(Buffer.from('abcdef')).subarray(2, 4));
    expect(queue.take(2).toString()).to.equal('cd');
  });

  // Few different bytes, so that searches find something; sizes around those of blocks.
  const bytes = (max: number): fc.Arbitrary<Buffer> =>
    fc.array(fc.constantFrom(97, 98), { maxLength: max, size: 'max' }).map((values) => Buffer.from(values));
  const chunk = fc.oneof(
    bytes(4),
    bytes(40),
    fc.integer({ min: 1000, max: 5000 }).map((length) => Buffer.alloc(length, 'a')),
  );

  it('ByteQueue gives out the bytes in order, and finds what one buffer would find', () => {
    const step = fc.oneof(
      fc.record({ append: chunk }),
      fc.record({ take: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({
        find: bytes(5).filter((wanted) => wanted.length > 0),
        from: fc.double({ min: 0, max: 1, noNaN: true }),
        until: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const queue = new ByteQueue();
        let model = Buffer.alloc(0);
        for (const now of steps) {
          if ('append' in now) {
            queue.append(now.append);
            model = Buffer.concat([model, now.append]);
          } else if ('take' in now) {
            const count = Math.ceil(model.length * now.take);
            expect(queue.take(count).equals(model.subarray(0, count))).to.equal(true);
            model = model.subarray(count);
          } else {
            const from = Math.floor(model.length * now.from);
            const until = Math.floor(model.length * now.until);
            const expected = from > until ? -1 : model.subarray(0, until).indexOf(now.find, from);
            expect(queue.indexOf(now.find, from, until)).to.equal(expected);
            expect(queue.indexOf(now.find, from)).to.equal(model.indexOf(now.find, from));
          }
          expect(queue.size).to.equal(model.length);
        }
      }),
      { numRuns: 200 },
    );
  });
});
