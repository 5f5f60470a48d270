import { expect } from 'chai';
import fc from 'fast-check';
import { coreFile } from '../core-file.js';

const { naturalOrder } = (await coreFile(
  'queues/natural-order',
)) as typeof import('../../../packages/core/dist/queues/natural-order.js');

describe('core/natural-order', () => {
  it('naturalOrder() has the order of Python, for what can be ordered', () => {
    const date = (time: number): Date => new Date(time);
    const ordered: [unknown, unknown][] = [
      [1, 2],
      [-Infinity, Infinity],
      [1n, 2n],
      [1, 2n],
      [1n, 1.5],
      ['', 'a'],
      ['Z', 'a'],
      ['a', 'aa'],
      [false, true],
      [date(1), date(2)],
      [[], [0]],
      [[1], [1, 'a']],
      [
        [1, 'a'],
        [1, 'b'],
      ],
      [
        [1, 'b'],
        [2, 'a'],
      ],
      [
        [1, [2, 3]],
        [1, [2, 4]],
      ],
    ];
    for (const [less, more] of ordered) {
      expect(naturalOrder(less, more), String(less)).to.be.below(0);
      expect(naturalOrder(more, less), String(less)).to.be.above(0);
      expect(naturalOrder(less, less), String(less)).to.equal(0);
    }
    expect([
      naturalOrder(date(1), date(1)),
      naturalOrder(1, 1n),
      naturalOrder([1, 'a'], [1, 'a']),
    ]).to.deep.equal([0, 0, 0]);
  });

  it('naturalOrder() asks nothing of what is the same in both arrays', () => {
    const task = {};
    expect(naturalOrder([1, task, 2], [1, task, 3])).to.be.below(0);
    expect(naturalOrder([1, task], [1, task])).to.equal(0);
  });

  it('naturalOrder() refuses what has no order, also within arrays', () => {
    const refused: [unknown, unknown][] = [
      [{}, {}],
      [1, '1'],
      [1, null],
      [undefined, undefined],
      [NaN, NaN],
      [1, NaN],
      [new Date(NaN), new Date(1)],
      [new Date(1), 1],
      [true, 1],
      [[1], 1],
      [
        [1, {}],
        [1, {}],
      ],
      [Symbol.iterator, Symbol.iterator],
    ];
    for (const [a, b] of refused) {
      expect(() => naturalOrder(a, b))
        .to.throw(TypeError, /^Cannot compare .* with .*: pass a compare function$/)
        .with.property('code', 'ERR_NOT_COMPARABLE');
    }
  });

  it('naturalOrder() sorts lists of numbers and strings as an order', () => {
    const item = fc.array(fc.oneof(fc.nat(3), fc.nat(3).map(BigInt)), { maxLength: 3 });
    fc.assert(
      fc.property(item, item, item, (a, b, c) => {
        expect(Math.sign(naturalOrder(a, b))).to.equal(-Math.sign(naturalOrder(b, a)) || 0);
        if (naturalOrder(a, b) <= 0 && naturalOrder(b, c) <= 0) expect(naturalOrder(a, c)).to.be.at.most(0);
      }),
    );
  });
});
