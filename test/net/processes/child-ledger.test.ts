import { ChildLedger } from '@ringloop/net/internal';
import { expect } from 'chai';

describe('ChildLedger', () => {
  const memory = (): SharedArrayBuffer => new SharedArrayBuffer(8 + 3 * 8); // three slots

  it('inherit() takes over the children of threads that have ended, once', () => {
    const shared = memory();
    const [ended, alive, heir] = [1, 2, 3].map((task) => new ChildLedger(shared, task));
    const first = ended?.claim();
    const second = alive?.claim();
    const unused = ended?.claim(); // never started
    if (first == null || second == null || unused == null) throw new Error('It is full');
    first.words[first.at] = 100;
    second.words[second.at] = 200;
    const inherited = heir?.inherit((task) => task === 2) ?? [];
    expect(inherited.map(({ pid }) => pid)).to.deep.equal([100]);
    expect(heir?.inherit((task) => task === 2)).to.deep.equal([]);
    expect(alive?.inherit(() => true)).to.deep.equal([]);
    inherited[0]?.entry.release();
    expect(heir?.claim()).to.not.equal(null);
    expect(heir?.claim()).to.not.equal(null); // the one that was never started
    expect(heir?.claim()).to.equal(null);
  });

  it('claim() gives null when the table is full, and what is released again', () => {
    const ledger = new ChildLedger(memory(), 1);
    const entries = [ledger.claim(), ledger.claim(), ledger.claim()];
    expect(ledger.claim()).to.equal(null);
    entries[1]?.release();
    expect(ledger.claim()?.at).to.equal(entries[1]?.at);
  });
});
