import { once } from 'node:events';
import { BroadcastChannel, MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Payload } from '../payload.js';
import { openConsumer } from './count-consumer.js';
import { NextAnswer } from './next-answer.js';
import { checkCount, type EchoPeer, type Peer } from './peer.js';

/** Payloads in one message of the batching peer. It knows all its calls beforehand, which a callSoonThreadsafe does not. */
const BATCH = 1_000;

/** Node's own, one message a call, to as many workers in turn. */
export async function openPostMessage(payload: Payload, { workers = 1 } = {}): Promise<Peer> {
  const consumers = await Promise.all(Array.from({ length: workers }, () => openConsumer()));
  const targets = consumers.map(({ worker }) => worker);
  return {
    async flood(calls) {
      const done = Promise.all(consumers.map(({ counted }) => counted.wait()));
      const [only] = targets;
      if (targets.length === 1) for (let i = 0; i < calls; i++) only?.postMessage(payload);
      else for (let i = 0; i < calls; i++) targets[i % workers]?.postMessage(payload);
      for (const worker of targets) worker.postMessage(null);
      const counts = await done;
      checkCount(
        counts.reduce((a, b) => a + b, 0),
        calls,
      );
    },
    async close() {
      await Promise.all(targets.map((worker) => worker.terminate()));
    },
  };
}

/** A thousand calls in one message, in an array. */
export async function openBatchedPostMessage(payload: Payload): Promise<Peer> {
  const { worker, counted } = await openConsumer({ batched: true });
  return {
    async flood(calls) {
      const done = counted.wait();
      for (let left = calls; left > 0; left -= BATCH) {
        const batch: Payload[] = [];
        for (let i = Math.min(left, BATCH); i > 0; i--) batch.push(payload);
        // The same object a thousand times would be cloned once: each call has its own.
        worker.postMessage(typeof payload === 'object' ? batch.map((one) => copy(one)) : batch);
      }
      worker.postMessage(null);
      checkCount(await done, calls);
    },
    async close() {
      await worker.terminate();
    },
  };
}

/** Bytes that are made for each call and transferred. To make them is part of it: afterwards the sender has them no more. */
export async function openTransferringPostMessage(payload: Uint8Array): Promise<Peer> {
  const { worker, counted } = await openConsumer();
  return {
    async flood(calls) {
      const done = counted.wait();
      for (let i = 0; i < calls; i++) {
        const bytes = payload.slice();
        worker.postMessage(bytes, [bytes.buffer]);
      }
      worker.postMessage(null);
      checkCount(await done, calls);
    },
    async close() {
      await worker.terminate();
    },
  };
}

/** One channel of that name in each thread; the answer comes by the worker's own port. */
export async function openBroadcastChannel(payload: Payload): Promise<Peer> {
  const name = `ringloop-benchmark-${process.pid}`;
  const { worker, counted } = await openConsumer({ channel: name });
  const channel = new BroadcastChannel(name);
  return {
    async flood(calls) {
      const done = counted.wait();
      for (let i = 0; i < calls; i++) channel.postMessage(payload);
      channel.postMessage(null);
      checkCount(await done, calls);
    },
    async close() {
      channel.close();
      await worker.terminate();
    },
  };
}

/** Plain workers produce, each with a port of its own to the worker that counts. */
export async function openPostMessageProducers(producers: number): Promise<Peer> {
  const ports: MessagePort[] = [];
  const sources: Worker[] = [];
  for (let i = 0; i < producers; i++) {
    const { port1, port2 } = new MessageChannel();
    ports.push(port1);
    sources.push(
      new Worker(new URL('./produce-worker.js', import.meta.url), {
        workerData: port2,
        transferList: [port2],
      }),
    );
  }
  await Promise.all(sources.map((source) => once(source, 'message'))); // 'ready'
  const { worker, counted } = await openConsumer({ ports });
  return {
    async flood(calls) {
      const done = counted.wait();
      const each = Math.floor(calls / producers);
      for (const source of sources) source.postMessage(each);
      checkCount(await done, each * producers);
    },
    async close() {
      await Promise.all([...sources, worker].map((one) => one.terminate()));
    },
  };
}

export async function openPostMessageEcho(): Promise<EchoPeer> {
  const worker = new Worker(new URL('./echo-worker.js', import.meta.url));
  await once(worker, 'online');
  const answers = new NextAnswer<number>();
  worker.on('message', (value: number) => answers.arrive(value));
  return {
    async roundTrip() {
      const done = answers.wait();
      worker.postMessage(1);
      await done;
    },
    async close() {
      await worker.terminate();
    },
  };
}

function copy(payload: Payload): Payload {
  if (payload instanceof Uint8Array) return payload.slice();
  return typeof payload === 'object' ? { ...payload } : payload;
}
