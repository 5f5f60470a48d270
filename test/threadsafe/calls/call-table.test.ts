import { expect } from 'chai';
import fc from 'fast-check';
import { CallTable, type Numbered } from '@ringloop/threadsafe/internal';

/** Numbers that meet at a place, whatever its size, and some of either sign. */
const numbers = fc.oneof(
  fc.integer({ min: 1, max: 300 }),
  fc.integer({ min: 1, max: 64 }).map((n) => n * 2 ** 20),
  fc.integer({ min: -(2 ** 31), max: -1 }),
);

describe('CallTable', () => {
  it('keeps what a Map keeps, step for step', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('add', 'delete', 'get'), numbers), { maxLength: 500 });
    fc.assert(
      fc.property(steps, (taken) => {
        const table = new CallTable<Numbered>();
        const map = new Map<number, Numbered>();
        for (const [step, callId] of taken) {
          if (step === 'add' && !map.has(callId)) {
            const item = { callId };
            table.add(item);
            map.set(callId, item);
          } else if (step === 'delete') expect(table.delete(callId)).to.equal(map.delete(callId));
          else expect(table.get(callId)).to.equal(map.get(callId));
          expect(table.size).to.equal(map.size);
        }
        expect([...table]).to.have.members([...map.values()]);
        table.clear();
        expect([table.size, [...table]]).to.deep.equal([0, []]);
      }),
    );
  });

  it('takes 100,000 that come and go behind one that stays', () => {
    const table = new CallTable<Numbered>();
    const first = { callId: 1 };
    table.add(first);
    for (let callId = 2; callId <= 100_000; callId++) {
      table.add({ callId });
      if (callId > 1_000) table.delete(callId - 999);
    }
    expect([table.size, table.get(1)]).to.deep.equal([1_000, first]);
  });

  it('goes on after 100,000 calls at once were added and taken again', () => {
    const table = new CallTable<Numbered>();
    for (let round = 0; round < 2; round++) {
      for (let call = 1; call <= 100_000; call++) table.add({ callId: call * 3 });
      let found = 0;
      for (let call = 1; call <= 100_000; call++) found += table.delete(call * 3) ? 1 : 0;
      expect([found, table.size, [...table]]).to.deep.equal([100_000, 0, []]);
    }
  });
});
