// Counts what arrives: from a port, from several, or from a BroadcastChannel. `null` ends one producer's flood.
import { BroadcastChannel, type MessagePort, parentPort, workerData } from 'node:worker_threads';

export interface CountData {
  readonly ports: readonly MessagePort[];
  /** Name of a BroadcastChannel to listen to; null: none. */
  readonly channel: string | null;
  /** Each message is an array of payloads. */
  readonly batched: boolean;
}

const { ports, channel, batched } = workerData as CountData; // as count-consumer.ts sends it
const producers = Math.max(ports.length, 1);
let count = 0;
let finished = 0;

function take(message: unknown): void {
  if (message !== null) {
    count++;
    return;
  }
  if (++finished < producers) return;
  parentPort?.postMessage(count);
  count = 0;
  finished = 0;
}

function takeBatch(message: readonly unknown[] | null): void {
  if (message === null) take(null);
  else for (const one of message) take(one);
}

const receive = batched ? takeBatch : take;
for (const port of ports) port.on('message', receive);
if (channel !== null) {
  new BroadcastChannel(channel).onmessage = (event) => take((event as MessageEvent).data); // Node types it `unknown`
}
parentPort?.on('message', receive);
parentPort?.postMessage('ready');
