import { type EventLoopOptions, LoopGroup } from 'ringloop';
import type { Payload } from '../payload.js';
import { checkCount, type EchoPeer, type Peer } from './peer.js';
import { answers, echo, expect, finish, introduce, produce, sink } from './ringloop-calls.js';
import { startLoop } from './running-loop.js';

/** This thread calls into the loops of a group in turn. One call is one call: nothing is batched. */
export async function openRingloop(payload: Payload, { loops = 1 } = {}): Promise<Peer> {
  const here = startLoop();
  const group = await LoopGroup.spawn({ loops });
  for (const there of group.loops) there.callSoonThreadsafe(introduce, here.ref);
  return {
    async flood(calls) {
      const done = answersOf(loops);
      for (const there of group.loops) there.callSoonThreadsafe(expect, 1);
      if (loops === 1) {
        const there = group.next();
        for (let i = 0; i < calls; i++) there.callSoonThreadsafe(sink, payload);
      } else {
        for (let i = 0; i < calls; i++) group.next().callSoonThreadsafe(sink, payload);
      }
      for (const there of group.loops) there.callSoonThreadsafe(finish);
      checkCount(await done, calls);
    },
    async close() {
      await group.close();
      await here.close();
    },
  };
}

/** The loops of a group produce, each its share; another loop of the group counts. */
export async function openRingloopProducers(producers: number): Promise<Peer> {
  const here = startLoop();
  const group = await LoopGroup.spawn({ loops: producers + 1 });
  const [there, ...sources] = group.loops;
  if (there === undefined) throw new Error('A group has no loops');
  there.callSoonThreadsafe(introduce, here.ref);
  return {
    async flood(calls) {
      const done = answers.wait();
      const each = Math.floor(calls / producers);
      // `expect` may arrive after a producer's last call, unless all begin behind it.
      await there.runCoroutineThreadsafe(expect, producers);
      for (const source of sources) source.callSoonThreadsafe(produce, there, each);
      checkCount(await done, each * producers);
    },
    async close() {
      await group.close();
      await here.close();
    },
  };
}

/** @param options of both loops */
export async function openRingloopEcho(
  options: Pick<EventLoopOptions, 'spin' | 'wakeup'> = {},
): Promise<EchoPeer> {
  const here = startLoop(options);
  const group = await LoopGroup.spawn({ loops: 1, ...options });
  const there = group.next();
  there.callSoonThreadsafe(introduce, here.ref);
  return {
    async roundTrip() {
      const done = answers.wait();
      there.callSoonThreadsafe(echo, 1);
      await done;
    },
    async close() {
      await group.close();
      await here.close();
    },
  };
}

/** The sum of so many answers. Two may arrive within one turn, before who awaits the first goes on. */
function answersOf(loops: number): Promise<number> {
  let sum = 0;
  return new Promise((resolve) => {
    let left = loops;
    answers.each((count) => {
      sum += count;
      if (--left === 0) resolve(sum);
    });
  });
}
