import { expect } from 'chai';
import fc from 'fast-check';
import { WriteBuffer } from '@ringloop/net/internal';

/** The bytes from `start` on of a stream in which each one tells its place. */
const numbered = (start: number, length: number): Buffer =>
  Buffer.from(stream.subarray(start % 251, (start % 251) + length));
const stream = Buffer.from(Array.from({ length: 50_000 }, (_, i) => i % 251));

describe('net/write-buffer', () => {
  it('WriteBuffer copies what it is given', () => {
    const buffer = new WriteBuffer();
    const data = Buffer.from('before');
    buffer.append(data);
    data.fill('x');
    expect(buffer.peek()?.toString()).to.equal('before');
  });

  it('WriteBuffer joins small writes, so that they cost one system call', () => {
    const buffer = new WriteBuffer();
    for (let i = 0; i < 1000; i++) buffer.append(Buffer.from('0123456789'));
    expect(buffer.peek()).to.have.length(10_000);
  });

  it('WriteBuffer.clear() drops everything', () => {
    const buffer = new WriteBuffer();
    buffer.append(Buffer.alloc(100_000));
    buffer.clear();
    expect(buffer.size).to.equal(0);
    expect(buffer.peek()).to.equal(null);
  });

  it('WriteBuffer gives out the bytes in order, however they are cut', () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 0, max: 40_000 }) }),
      fc.record({ consume: fc.double({ min: 0, max: 1, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const buffer = new WriteBuffer();
        let written = 0;
        let read = 0;
        for (const now of steps) {
          if ('append' in now) {
            buffer.append(numbered(written, now.append));
            written += now.append;
          } else {
            const next = buffer.peek();
            const count = Math.ceil((next?.length ?? 0) * now.consume);
            expect(next?.subarray(0, count).equals(numbered(read, count)) ?? count === 0).to.equal(true);
            buffer.consume(count);
            read += count;
          }
          expect(buffer.size).to.equal(written - read);
        }
      }),
      { numRuns: 30 },
    );
  });
});
