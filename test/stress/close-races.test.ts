import { expect } from 'chai';
import { sleep } from '@ringloop/core';
import { windUp } from '@ringloop/core/internal';
import { LoopGroup } from '@ringloop/threadsafe';
import { createLoop, loopWithInbox } from '../threadsafe/fixtures/calls.js';
import { callUntilRefused, takeRan } from './fixtures/races.js';

/** Loops that are closed under two producers; 100,000 by hand. */
const RACES = Number(process.env.RINGLOOP_RACES ?? 300);

/** Reproducible; Park and Miller's generator, 1988. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => (state = (state * 48_271) % 2_147_483_647) % below;
}

// From the closing races of janus#2 and anyio#1265: each call either throws or runs, and nobody waits for ever.
describe('callSoonThreadsafe() into a loop that closes', () => {
  it(`either throws or runs: ${RACES} loops, each closed while two threads call it`, async () => {
    const random = randomNumbers(Number(process.env.RINGLOOP_SEED ?? 20_261_122));
    const group = await LoopGroup.spawn({ loops: 2, loopFactory: createLoop });
    let refusedAtOnce = 0;
    for (let race = 0; race < RACES; race++) {
      const { loop, ref } = loopWithInbox();
      const words = new Int32Array(new SharedArrayBuffer(8));
      const calls = group.loops.map((there) =>
        there.runCoroutineThreadsafe(callUntilRefused, ref, words, random(200)),
      );
      const [turns, opensEarly] = [random(4), random(2) === 0];
      const open = (): number => Atomics.store(words, 0, 1);
      await loop.runUntilComplete(async () => {
        while (Atomics.load(words, 1) < 2) await sleep(0);
        if (opensEarly) open();
        for (let turn = 0; turn < turns; turn++) await sleep(0);
        if (!opensEarly) open();
      });
      await windUp(loop);
      const ends = await Promise.all(calls);
      expect(takeRan(), `race ${race}`).to.equal(ends.reduce((sum, { accepted }) => sum + accepted, 0));
      expect(ends.map(({ refusedWith }) => refusedWith)).to.deep.equal([
        'ERR_LOOP_CLOSED',
        'ERR_LOOP_CLOSED',
      ]);
      refusedAtOnce += ends.filter(({ accepted }) => accepted === 0).length;
    }
    expect(refusedAtOnce).to.be.lessThan(2 * RACES); // or nothing was tested
    await group.close();
  })
    .slow(10_000)
    .timeout(Math.max(60_000, RACES * 20));
});
