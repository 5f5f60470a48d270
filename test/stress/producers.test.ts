import { expect } from 'chai';
import { sleep } from '@ringloop/core';
import { LoopGroup } from '@ringloop/threadsafe';
import { createLoop, loopWithInbox, sendNumbers, tallies } from '../threadsafe/fixtures/calls.js';

describe('callSoonThreadsafe() under stress', () => {
  it('loses nothing and keeps the order of 4 producers with 100,000 calls each, while the consumer falls asleep', async () => {
    const { loop, ref, inbox } = loopWithInbox();
    tallies.clear();
    let naps = 0;
    const park = inbox.park.bind(inbox);
    inbox.park = (isQuiet) => {
      const parked = park(isQuiet);
      if (parked === 'asleep') naps++;
      return parked;
    };
    await loop.runUntilComplete(async () => {
      await using group = await LoopGroup.spawn({ loops: 4, loopFactory: createLoop });
      const producers = group.loops.map((there, i) =>
        there.runCoroutineThreadsafe(sendNumbers, ref, i, 100_000, 1_000 + 7 * i),
      );
      await Promise.all(producers);
      while ([...tallies.values()].some(({ next }) => next < 100_000)) await sleep(0.001);
    });
    expect([...tallies].sort(([a], [b]) => a - b)).to.deep.equal([
      [0, { next: 100_000, ordered: true }],
      [1, { next: 100_000, ordered: true }],
      [2, { next: 100_000, ordered: true }],
      [3, { next: 100_000, ordered: true }],
    ]);
    expect(naps).to.be.greaterThan(1);
    loop.close();
  }).slow(5_000);
});
