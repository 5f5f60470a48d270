import { expect } from 'chai';
import { sleep } from '@ringloop/core';
import { LoopGroup, type LoopRef, SharedLock, SharedQueue } from '@ringloop/threadsafe';
import { createLoop, loopWithInbox } from '../threadsafe/fixtures/calls.js';
import { type Counts, livingBytes, noCounts, receivedHere, soak } from './fixtures/soaking.js';

/** For how long, in seconds: 600 by hand. */
const SECONDS = Number(process.env.RINGLOOP_SOAK ?? 2);
const LOOPS = 3;
/** How much more may live at the end than after a quarter of the time: what V8 compiles and keeps ready on its own. */
const MOST_GROWTH_BYTES = 8 * 2 ** 20;

function add(sum: Counts, counts: Counts): Counts {
  for (const [kind, count] of Object.entries(counts)) sum[kind as keyof Counts] += count; // its own keys
  return sum;
}

describe('Loops that call each other for a long time', () => {
  it(`do not lose or double anything, and do not grow: ${SECONDS} seconds`, async () => {
    const { loop, ref } = loopWithInbox();
    await loop.runUntilComplete(async () => {
      const group = await LoopGroup.spawn({ loops: LOOPS, loopFactory: createLoop });
      const all: LoopRef[] = [...group.loops, ref];
      const words = new Int32Array(new SharedArrayBuffer(8));
      const [queue, lock] = [new SharedQueue<number>(16), new SharedLock()];
      const soaking = group.loops.map((there, me) =>
        there.runCoroutineThreadsafe(
          soak,
          me,
          all.filter((each) => each !== there),
          queue,
          lock,
          words,
        ),
      );
      const failed = Promise.all(soaking).then(() => undefined); // an error ends the soak at once
      const living: number[] = [];
      const ends = performance.now() + SECONDS * 1000;
      while (performance.now() < ends) {
        await Promise.race([failed, sleep(SECONDS / 20)]);
        const bytes = await Promise.all(
          group.loops.map((there) => there.runCoroutineThreadsafe(livingBytes)),
        );
        living.push(bytes.reduce((sum, each) => sum + each, livingBytes()));
        if (SECONDS >= 60) console.log(`${living.length}: ${(living.at(-1)! / 2 ** 20).toFixed(1)} MiB live`);
      }
      words[0] = 1;
      const sent = (await Promise.all(soaking)).reduce(add, noCounts());
      const others = await Promise.all(
        group.loops.map((there) => there.runCoroutineThreadsafe(receivedHere)),
      );
      const received = others.reduce(add, { ...receivedHere() });
      if (SECONDS >= 60) console.log(sent);
      expect({ ...received, turns: words[1] }).to.deep.equal(sent);
      expect([queue.qsize(), lock.locked()]).to.deep.equal([0, false]);
      if (SECONDS >= 60) {
        const early = Math.max(...living.slice(2, living.length / 4));
        expect(living.at(-1)! - early).to.be.lessThan(MOST_GROWTH_BYTES);
      }
      await group.close();
    });
    loop.close();
  })
    .timeout(SECONDS * 2000 + 60_000)
    .slow(SECONDS * 1000 + 10_000);
});
