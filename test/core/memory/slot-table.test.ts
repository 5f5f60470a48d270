import { SlotTable } from '@ringloop/core/internal';
import { expect } from 'chai';
import fc from 'fast-check';

const SLOTS = 4;
const LAYOUT = { at: 2, slots: SLOTS, slotWords: 3, usedAt: 0 };

interface Step {
  readonly do: 'claim' | 'release';
  readonly owner: number;
}

const steps = fc.array(
  fc.record<Step>({ do: fc.constantFrom('claim', 'release'), owner: fc.integer({ min: 1, max: 6 }) }),
);

// All interleavings of threads: test/model/slot-table.test.ts.
describe('core/slot-table', () => {
  it('gives each owner the first free slot, as a list of owners does', () => {
    fc.assert(
      fc.property(steps, fc.boolean(), (taken, counts) => {
        const words = new Int32Array(LAYOUT.at + SLOTS * LAYOUT.slotWords);
        const { usedAt, ...uncounted } = LAYOUT;
        const table = new SlotTable(words, counts ? { ...uncounted, usedAt } : uncounted);
        const owners: number[] = new Array<number>(SLOTS).fill(0);
        let used = counts ? 0 : SLOTS;
        for (const { do: step, owner } of taken) {
          const own = owners.indexOf(owner);
          expect(table.find(owner)).to.equal(own === -1 ? null : own);
          if (step === 'claim') {
            const free = owners.indexOf(0);
            expect(table.claim(owner)).to.equal(free === -1 ? null : free);
            if (free !== -1) owners[free] = owner;
            used = Math.max(used, free + 1);
          } else if (own !== -1) {
            expect(table.release(own, owner)).to.equal(true);
            owners[own] = 0;
            expect(table.release(own, owner)).to.equal(false);
          }
          expect(table.used()).to.equal(used);
          expect(owners.map((_, slot) => table.ownerOf(slot))).to.deep.equal(owners);
        }
      }),
    );
  });

  it('lets a claimer take the slot of an owner that is gone, and an owner leave a mark', () => {
    const words = new Int32Array(LAYOUT.at + SLOTS * LAYOUT.slotWords);
    const table = new SlotTable(words, LAYOUT);
    table.claim(1);
    expect(table.claim(2, (found) => found === 0 || found === 1)).to.equal(0);
    expect(table.tryClaim(0, 3)).to.equal(false);
    expect(table.release(0, 2, -2)).to.equal(true);
    expect([table.ownerOf(0), table.wordOf(1), [...words]]).to.deep.equal([
      -2,
      5,
      [1, 0, -2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ]);
  });
});
