import { expect } from 'chai';
import fc from 'fast-check';
import { interleave } from '@ringloop/net/internal';

const of = (text: string): { family: number; name: string }[] =>
  text.split(' ').map((name) => ({ family: Number(name[0]), name }));
const names = (addresses: readonly { name: string }[]): string => addresses.map(({ name }) => name).join(' ');

describe('net/interleave', () => {
  // CPython BaseEventLoopTests.test_interleave_addrinfos
  it('interleave() lets families alternate, the first one first', () => {
    const addresses = of('6a 6b 6c 6d 4a 4b 4c');
    expect(names(interleave(addresses, 1))).to.equal('6a 4a 6b 4b 6c 4c 6d');
    expect(names(interleave(addresses, 3))).to.equal('6a 6b 6c 4a 6d 4b 4c');
    expect(names(interleave(addresses, 99))).to.equal('6a 6b 6c 6d 4a 4b 4c');
    expect(interleave([], 1)).to.deep.equal([]);
  });

  it('interleave() keeps every address, and the order within a family', () => {
    const address = fc.record({ family: fc.constantFrom(2, 10), name: fc.string() });
    fc.assert(
      fc.property(fc.array(address), fc.integer({ min: 1, max: 5 }), (addresses, firstCount) => {
        const mixed = interleave(addresses, firstCount);
        for (const family of [2, 10]) {
          const only = (list: typeof addresses): typeof addresses =>
            list.filter((each) => each.family === family);
          expect(only(mixed)).to.deep.equal(only(addresses));
        }
      }),
    );
  });
});
