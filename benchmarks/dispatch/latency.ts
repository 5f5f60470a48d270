import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { LoopGroup } from 'ringloop';
import { quantile } from '../harness/statistics.js';
import { now, stamp, stayAwake, takeLatencies } from './peers/latency-calls.js';
import { P50, P99, type Scenario, type Workload } from './scenario.js';

/** Seconds between two calls: by then the one before has long run, so nothing queues. */
const PACE = 50e-6;
/** For the consumer's chain of callbacks to be under way, in ms. */
const SETTLE_MS = 20;

interface LatencyPeer {
  stayAwake(): void;
  send(sentAt: number): void;
  take(): PromiseLike<number[]>;
  close(): Promise<unknown>;
}

async function openRingloop(): Promise<LatencyPeer> {
  const group = await LoopGroup.spawn({ loops: 1 });
  const there = group.next();
  return {
    stayAwake: () => void there.callSoonThreadsafe(stayAwake),
    send: (sentAt) => void there.callSoonThreadsafe(stamp, sentAt),
    take: () => there.runCoroutineThreadsafe(takeLatencies),
    close: () => group.close(),
  };
}

async function openPostMessage(): Promise<LatencyPeer> {
  const worker = new Worker(new URL('./peers/latency-worker.js', import.meta.url));
  await once(worker, 'online');
  return {
    stayAwake: () => worker.postMessage('awake'),
    send: (sentAt) => worker.postMessage(sentAt),
    async take() {
      const answer = once(worker, 'message');
      worker.postMessage('done');
      const [latencies] = (await answer) as [number[]]; // see latency-worker.ts
      return latencies;
    },
    async close() {
      await worker.terminate();
    },
  };
}

async function pacing(opening: Promise<LatencyPeer>): Promise<Workload> {
  const peer = await opening;
  return {
    async measure({ calls }) {
      peer.stayAwake();
      await delay(SETTLE_MS);
      for (let i = 0; i < calls; i++) {
        const due = now() + PACE;
        while (now() < due); // asleep, it would come back too late and with cold caches
        peer.send(now());
      }
      const latencies = [...(await peer.take())].sort((a, b) => a - b);
      if (latencies.length !== calls) throw new Error(`Lost calls: ${latencies.length} of ${calls} arrived`);
      return { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
    },
    close: () => peer.close(),
  };
}

/**
 * From before the call until the callback runs, in a loop that is kept awake by a chain of its own callbacks. The time of
 * sending is the number that is sent; to read the clock twice is part of it, with both.
 */
export const latency: Scenario = {
  name: 'latency',
  title: 'Fire and forget, loop awake',
  question: { calls: 5_000, atLeast: 0 },
  metrics: [P50, P99],
  contenders: [
    { name: 'ringloop', runtime: 'node', open: () => pacing(openRingloop()) },
    { name: 'postMessage', runtime: 'node', open: () => pacing(openPostMessage()) },
  ],
  aims: [
    { contender: 'ringloop', metric: 'p50', against: null, sense: 'at most', bound: 2 },
    { contender: 'ringloop', metric: 'p50', against: 'postMessage', sense: 'at most', bound: null },
    { contender: 'ringloop', metric: 'p99', against: 'postMessage', sense: 'at most', bound: null },
  ],
};
