import { expect } from 'chai';
import { sleep } from '@ringloop/core';
import { LoopGroup, type LoopRef, PeerExitedError } from '@ringloop/threadsafe';
import { InboxMemory } from '@ringloop/threadsafe/internal';
import { createLoop, note } from '../threadsafe/fixtures/calls.js';
import { count, counts, dieNowOr, napHere, pester } from '../threadsafe/fixtures/group-calls.js';
import { inLoop } from '../threadsafe/fixtures/in-loop.js';

/** How many threads are ended, and the seed of when and how: `RINGLOOP_KILLS=5000 RINGLOOP_SEED=7 npx mocha build/test/stress/kill.test.js`. */
const KILLS = Number(process.env.RINGLOOP_KILLS ?? 30);
const SEED = Number(process.env.RINGLOOP_SEED ?? 1);
/** What was pending must be settled so soon after the end of its thread, in ms. */
const SETTLED_WITHIN_MS = 1000;
const LOOPS = 3;

/** A generator of numbers from 0 to 1 (Mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Settles when the promise does, and tells how; fails when that takes too long. */
async function outcome(promise: PromiseLike<unknown>): Promise<string> {
  const settled = promise.then(
    () => 'answered',
    (reason: unknown) => (reason as Error & { code: string }).code,
  );
  const late = new Promise<string>((resolve) => {
    setTimeout(() => resolve('late'), SETTLED_WITHIN_MS).unref();
  });
  return Promise.race([settled, late]);
}

describe('Threads that end at random instructions', () => {
  // Members call and ask each other, a bystander, and this thread. One after the other is ended and replaced.
  it(`${KILLS} members of a group that restarts settle what is pending, and disturb nothing else`, async () => {
    const next = random(SEED);
    counts.clear();
    const kinds = new Map<string, number>();
    await inLoop(async (ref) => {
      const bystander = await LoopGroup.spawn({ loops: 1, name: 'bystander', loopFactory: createLoop });
      let wake = (): void => undefined;
      let exited = (): void => undefined;
      const group = await LoopGroup.spawn({
        loops: LOOPS,
        loopFactory: createLoop,
        restart: { maxRestarts: KILLS + 1, within: 3600 },
        onExit: () => exited(),
        onRestart: () => wake(),
      });
      const all = (): LoopRef[] => [...group.loops, bystander.loop(0)];
      const pestering = new Map<LoopRef, PromiseLike<void>>();
      let producer = 0;
      const pesterFrom = (from: LoopRef): void => {
        const others = all().filter((each) => each !== from);
        pestering.set(from, from.runCoroutineThreadsafe(pester, others, ref, producer++));
      };
      for (const each of group) pesterFrom(each);
      const steady = producer++;
      let asked = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const victim = group.loop(Math.floor(next() * LOOPS));
        const pending = Array.from({ length: 5 }, () =>
          victim.runCoroutineThreadsafe(napHere, next() * 0.01),
        );
        const restarted = new Promise<void>((resolve) => (wake = resolve));
        const gone = new Promise<void>((resolve) => (exited = resolve));
        victim.callSoonThreadsafe(dieNowOr, Math.floor(next() * 3), next() * 5);
        ref.callSoonThreadsafe(count, steady, asked++);
        await gone;
        const outcomes = await Promise.all([...pending, pestering.get(victim)!].map(outcome)); // it was given one
        for (const each of outcomes) kinds.set(each, (kinds.get(each) ?? 0) + 1);
        pestering.delete(victim);
        expect(() => victim.callSoonThreadsafe(note, kill)).to.throw(PeerExitedError);
        // Half of the time the next one dies while this one starts.
        if (next() < 0.5) await restarted;
        else while (group.loops.some((each) => !pestering.has(each) && each === victim)) await sleep(0.001);
        for (const each of group) if (!pestering.has(each)) pesterFrom(each);
      }
      expect(await bystander.loop(0).runCoroutineThreadsafe(napHere, 0)).to.equal('had a nap');
      const reports = await group.close({ timeout: 20, drain: 0 });
      expect(reports.map((report) => report.outcome)).to.deep.equal(
        Array.from({ length: LOOPS }, () => 'cancelled'),
      );
      expect(await bystander.close()).to.have.nested.property('[0].outcome', 'drained');
      expect(counts.get(steady)).to.deep.equal({ next: asked, ordered: true });
      // The lanes of all that have ended are free again.
      const memory = new InboxMemory(ref.address.memory);
      const taken = (): number =>
        Array.from({ length: memory.lanesUsed() }, (_, lane) => memory.producerOf(lane)).filter(
          (each) => each !== null,
        ).length;
      while (taken() > 1) await sleep(0.001); // this thread's own stays
      expect(memory.lanesUsed()).to.be.lessThan(2 * LOOPS + 4);
    });
    expect([...counts.values()].every(({ ordered }) => ordered)).to.equal(true);
    expect([...kinds.keys()].filter((kind) => kind !== 'answered')).to.deep.equal(['ERR_PEER_EXITED']);
    if (process.env.RINGLOOP_KILLS !== undefined) console.log(`seed ${SEED}: ${KILLS} kills,`, kinds);
  })
    .timeout(KILLS * 2000)
    .slow(20_000);

  // From outside, by worker.terminate(), at any instruction: while they start, in the middle of a call, while they are closed.
  it('groups that are terminated at any time leave no lane and no pending future behind', async () => {
    const next = random(SEED + 1);
    counts.clear();
    const rounds = KILLS;
    await inLoop(async (ref) => {
      const bystander = await LoopGroup.spawn({ loops: 1, name: 'bystander', loopFactory: createLoop });
      for (let round = 0; round < rounds; round++) {
        const group = await LoopGroup.spawn({ loops: 2, loopFactory: createLoop });
        const [first, second] = [group.loop(0), group.loop(1)];
        const pending = [
          first.runCoroutineThreadsafe(pester, [second, bystander.loop(0)], ref, 2 * round),
          second.runCoroutineThreadsafe(pester, [first, bystander.loop(0)], ref, 2 * round + 1),
        ];
        await sleep(next() * 0.02);
        const timeout = next() * 0.01;
        const reports = await group.close({ timeout, drain: timeout * next() });
        expect(reports).to.have.length(2);
        for (const each of await Promise.all(pending.map(outcome))) {
          expect(each).to.be.oneOf(['ERR_PEER_EXITED', 'ERR_CANCELLED']);
        }
      }
      const inbox = new InboxMemory(bystander.loop(0).address.memory);
      expect(await bystander.loop(0).runCoroutineThreadsafe(napHere, 0)).to.equal('had a nap');
      const left = (): number =>
        Array.from({ length: inbox.lanesUsed() }, (_, lane) => inbox.producerOf(lane)).filter(
          (each) => each !== null,
        ).length;
      while (left() > 1) await sleep(0.001);
      await bystander.close();
    });
    expect([...counts.values()].every(({ ordered }) => ordered)).to.equal(true);
  })
    .timeout(KILLS * 2000)
    .slow(20_000);
});
