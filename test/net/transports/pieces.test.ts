import { expect } from 'chai';
import fc from 'fast-check';
import { joinSmall, withoutStart } from '@ringloop/net/internal';

const chunks = fc.array(
  fc
    .uint8Array({ maxLength: 30 })
    .chain((bytes) => fc.constantFrom(bytes, new Uint8Array(bytes.length * 200).fill(7))),
);

describe('net/pieces', () => {
  it('joinSmall() keeps all bytes, copies small chunks together, and gives large ones as they are', () => {
    fc.assert(
      fc.property(chunks, (list) => {
        const pieces = joinSmall(list);
        expect(Buffer.concat(pieces).equals(Buffer.concat(list))).to.equal(true);
        const large = list.filter(({ byteLength }) => byteLength >= 4096);
        expect(
          pieces.filter((piece) => list.some((chunk) => chunk === piece) && piece.byteLength >= 4096),
        ).to.deep.equal(large);
        expect(pieces.length).to.be.at.most(2 * large.length + 1);
        expect(pieces.every(({ byteLength }) => byteLength > 0)).to.equal(true);
      }),
    );
  });

  it('withoutStart() leaves what was not sent', () => {
    fc.assert(
      fc.property(chunks, fc.double({ min: 0, max: 1, noNaN: true }), (list, part) => {
        const all = Buffer.concat(list);
        const count = Math.floor(all.length * part);
        const rest = withoutStart(list, count);
        expect(Buffer.concat(rest).equals(all.subarray(count))).to.equal(true);
        expect(rest.every(({ byteLength }) => byteLength > 0)).to.equal(true);
      }),
    );
  });
});
