import { expect } from 'chai';
import fc from 'fast-check';
import { ReceiveSlab } from '@ringloop/net/internal';

describe('net/receive-slab', () => {
  it('ReceiveSlab gives away bytes that nothing overwrites, and always has room', () => {
    const size = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 262_144 }));
    fc.assert(
      fc.property(fc.array(size, { maxLength: 30 }), (sizes) => {
        const slab = new ReceiveSlab();
        const taken = sizes.map((wanted, index) => {
          const { room } = slab;
          expect(room.byteLength).to.be.at.least(65_536);
          const count = Math.min(wanted, room.byteLength);
          room.fill(index + 1, 0, count);
          return slab.take(count);
        });
        for (const [index, data] of taken.entries())
          expect(data.every((byte) => byte === index + 1)).to.equal(true);
      }),
      { numRuns: 30 },
    );
  });

  it('ReceiveSlab.wholeRoom has as much room as there ever is, and is the room from then on', () => {
    const slab = new ReceiveSlab();
    expect(slab.wholeRoom).to.equal(slab.room);
    const data = slab.take(60_000);
    expect(slab.room.byteLength).to.equal(202_144);
    expect(slab.wholeRoom.byteLength).to.equal(262_144);
    expect(slab.wholeRoom).to.equal(slab.room);
    expect(slab.room.buffer).to.not.equal(data.buffer);
  });

  it('ReceiveSlab copies what is small: whoever keeps it keeps no slab', () => {
    const slab = new ReceiveSlab();
    expect(slab.take(16_383).buffer).to.not.equal(slab.room.buffer);
    expect(slab.take(16_384).buffer).to.equal(slab.room.buffer);
  });
});
