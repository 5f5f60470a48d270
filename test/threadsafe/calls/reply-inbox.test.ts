import { expect } from 'chai';
import { LANES, replyInboxFor } from '@ringloop/threadsafe/internal';

describe('replyInboxFor()', () => {
  it('gives a thread that calls into the loops of more threads than a reply inbox has lanes another one', () => {
    const first = 1_000_000; // no thread of this process
    const owners = Array.from({ length: 3 * LANES }, (_, i) => first + i);
    const ids = owners.map((owner) => replyInboxFor(owner).address.id);
    const told = new Map<string, number>();
    for (const id of ids) told.set(id, (told.get(id) ?? 0) + 1);
    expect(Math.max(...told.values())).to.be.at.most(LANES);
    expect(owners.map((owner) => replyInboxFor(owner).address.id)).to.deep.equal(ids);
  });
});
