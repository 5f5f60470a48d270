import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { EchoPeer } from './peer.js';
import { PING, PONG, waitAsync } from './wait-async-words.js';

/** The floor: two threads that wake each other with Atomics.notify and do nothing else. */
export async function openWaitAsync(): Promise<EchoPeer> {
  const words = new Int32Array(new SharedArrayBuffer(128));
  const worker = new Worker(new URL('./wait-async-worker.js', import.meta.url), { workerData: words });
  await once(worker, 'message'); // 'ready'
  return {
    async roundTrip() {
      const pong = waitAsync(words, PONG, Atomics.load(words, PONG));
      Atomics.add(words, PING, 1);
      Atomics.notify(words, PING, 1);
      await pong.value;
    },
    async close() {
      await worker.terminate();
    },
  };
}
