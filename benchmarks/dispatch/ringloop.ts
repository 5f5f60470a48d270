import { getRunningLoop, LoopGroup } from 'ringloop';
import type { Peer } from './peer.js';
import { echo, introduce, nextAnswer, sink, total } from './ringloop-calls.js';

/** ringloop: this thread's loop and one in a worker. */
export async function openRingloop(): Promise<Peer> {
  const group = await LoopGroup.spawn({ loops: 1 });
  const there = group.next();
  there.callSoonThreadsafe(introduce, getRunningLoop().ref());
  return {
    name: 'ringloop callSoonThreadsafe',
    async flood(calls) {
      const done = nextAnswer();
      for (let i = 0; i < calls; i++) there.callSoonThreadsafe(sink, 1);
      there.callSoonThreadsafe(total);
      const sum = await done;
      if (sum !== calls) throw new Error(`Lost calls: ${sum} of ${calls} ran`);
    },
    async roundTrip() {
      const done = nextAnswer();
      there.callSoonThreadsafe(echo, 1);
      await done;
    },
    async close() {
      await group.close();
    },
  };
}
