import { setTimeout as delay } from 'node:timers/promises';
import { quantile } from '../harness/statistics.js';
import type { EchoPeer } from './peers/peer.js';
import type { Workload } from './scenario.js';

/** Both threads must be asleep again before each round trip, in ms. */
const IDLE_MS = 1;
/** Without a pause in between, once: what is compiled at first use is compiled. */
const WARM_UP = 10_000;

/** Round trips between two idle threads, in seconds. */
export async function tripping(opening: Promise<EchoPeer>): Promise<Workload> {
  const peer = await opening;
  for (let i = 0; i < WARM_UP; i++) await peer.roundTrip();
  return {
    async measure({ calls }) {
      const trips: number[] = [];
      for (let i = 0; i < calls; i++) {
        await delay(IDLE_MS);
        const sent = process.hrtime.bigint();
        await peer.roundTrip();
        trips.push(Number(process.hrtime.bigint() - sent) / 1e9);
      }
      trips.sort((a, b) => a - b);
      return { p50: quantile(trips, 0.5), p99: quantile(trips, 0.99) };
    },
    close: () => peer.close(),
  };
}
