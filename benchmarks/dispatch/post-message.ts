import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Peer } from './peer.js';

/** Node's own: one message a call. */
export async function openPostMessage(): Promise<Peer> {
  const worker = new Worker(new URL('./post-message-worker.js', import.meta.url));
  await once(worker, 'online');
  let waiting: ((value: number) => void) | null = null;
  worker.on('message', (value: number) => waiting?.(value));
  const nextAnswer = (): Promise<number> =>
    new Promise((resolve) => {
      waiting = resolve;
    });
  return {
    name: 'MessagePort.postMessage',
    async flood(calls) {
      const done = nextAnswer();
      for (let i = 0; i < calls; i++) worker.postMessage(1);
      worker.postMessage(-1);
      const sum = await done;
      if (sum !== calls) throw new Error(`Lost messages: ${sum} of ${calls} arrived`);
    },
    async roundTrip() {
      const done = nextAnswer();
      worker.postMessage(0);
      await done;
    },
    async close() {
      await worker.terminate();
    },
  };
}
