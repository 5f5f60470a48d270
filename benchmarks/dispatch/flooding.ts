import type { Peer } from './peers/peer.js';
import type { Workload } from './scenario.js';

/** Calls per second from the first call until the last one has run. */
export async function flooding(opening: Promise<Peer>): Promise<Workload> {
  const peer = await opening;
  return {
    async measure({ calls, atLeast }) {
      await peer.flood(calls); // a core that has idled through the others' turns is slow at first
      let seconds = 0;
      let made = 0;
      while (seconds < atLeast) {
        const start = process.hrtime.bigint();
        await peer.flood(calls);
        seconds += Number(process.hrtime.bigint() - start) / 1e9;
        made += calls;
      }
      return { perSecond: made / seconds };
    },
    close: () => peer.close(),
  };
}
