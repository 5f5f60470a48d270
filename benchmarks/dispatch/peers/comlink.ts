import { MessageChannel, Worker } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { type Payload, PAYLOADS } from '../payload.js';
import type { Echo } from './comlink-worker.js';
import { answering } from './in-flight.js';
import type { EchoPeer, Peer } from './peer.js';

/** Comlink answers each call. On a MessageChannel: its adapter for Node's workers listens once more for each call. */
export async function openComlink(payload: Payload = PAYLOADS.number): Promise<Peer & EchoPeer> {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL('./comlink-worker.js', import.meta.url), {
    workerData: port2,
    transferList: [port2],
  });
  const there = Comlink.wrap<Echo>(port1); // see comlink-worker.ts
  return answering(
    () => there.echo(payload),
    async () => {
      port1.close();
      await worker.terminate();
    },
  );
}
