import { once } from 'node:events';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { CountData } from './count-worker.js';
import { NextAnswer } from './next-answer.js';

/** The thread that counts messages, and what it counted. */
export interface CountConsumer {
  readonly worker: Worker;
  readonly counted: NextAnswer<number>;
}

export async function openConsumer(
  data: Partial<Omit<CountData, 'ports'>> & { ports?: MessagePort[] } = {},
): Promise<CountConsumer> {
  const { ports = [], channel = null, batched = false } = data;
  const workerData: CountData = { ports, channel, batched };
  const worker = new Worker(new URL('./count-worker.js', import.meta.url), {
    workerData,
    transferList: ports,
  });
  await once(worker, 'message'); // 'ready'
  const counted = new NextAnswer<number>();
  worker.on('message', (count: number) => counted.arrive(count));
  return { worker, counted };
}
