import { MessageChannel, Worker } from 'node:worker_threads';
import * as Comlink from 'comlink';
import type { Sink } from './comlink-worker.js';
import type { Peer } from './peer.js';

/** Calls under way at a time: Comlink answers each, and its table of pending calls must not become the benchmark. */
const IN_FLIGHT = 256;

/** Comlink: every call is a round trip. */
export function openComlink(): Promise<Peer> {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./comlink-worker.js', import.meta.url), {
    workerData: port2,
    transferList: [port2],
  });
  const there = Comlink.wrap<Sink>(port1); // see comlink-worker.ts
  return Promise.resolve({
    name: 'Comlink',
    async flood(calls) {
      for (let left = calls; left > 0; left -= IN_FLIGHT) {
        await Promise.all(Array.from({ length: Math.min(left, IN_FLIGHT) }, () => there.add(1)));
      }
    },
    async roundTrip() {
      await there.echo(0);
    },
    async close() {
      port1.close();
      await worker.terminate();
    },
  });
}
