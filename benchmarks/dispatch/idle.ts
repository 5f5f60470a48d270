import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { LoopGroup } from 'ringloop';
import { openConsumer } from './peers/count-consumer.js';
import { introduce } from './peers/ringloop-calls.js';
import { startLoop } from './peers/running-loop.js';
import type { Scenario, Workload } from './scenario.js';

const LOOPS = 4;
/** For what a start leaves to do, the collector included, in ms. */
const SETTLE_MS = 2_000;
const WATCHED_MS = 5_000;

/** Voluntary context switches so far, by thread: a thread that sleeps through has none. Linux only. */
function switches(): Map<string, number> {
  const found = new Map<string, number>();
  for (const thread of readdirSync('/proc/self/task')) {
    const status = readFileSync(`/proc/self/task/${thread}/status`, 'utf8');
    found.set(thread, Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(status)?.[1]));
  }
  return found;
}

/** The main thread takes no part in the count: it is the one that waits and looks. */
async function watch(): Promise<Readonly<Record<string, number>>> {
  await delay(SETTLE_MS);
  const before = switches();
  const cpu = process.cpuUsage();
  await delay(WATCHED_MS);
  const { user, system } = process.cpuUsage(cpu);
  let woken = 0;
  for (const [thread, count] of switches()) {
    if (thread !== String(process.pid)) woken += count - (before.get(thread) ?? 0);
  }
  return { wakeUps: woken / (WATCHED_MS / 1_000), cpu: (user + system) / 1e6 / (WATCHED_MS / 1_000) };
}

async function openLoops(): Promise<Workload> {
  const here = startLoop();
  const group = await LoopGroup.spawn({ loops: LOOPS });
  for (const there of group.loops) await there.runCoroutineThreadsafe(introduce, here.ref);
  return {
    measure: watch,
    async close() {
      await group.close();
      await here.close();
    },
  };
}

/** What Node's own threads do when they have nothing to do. */
async function openWorkers(): Promise<Workload> {
  const consumers = await Promise.all(Array.from({ length: LOOPS }, () => openConsumer()));
  return {
    measure: watch,
    async close() {
      await Promise.all(consumers.map(({ worker }) => worker.terminate()));
    },
  };
}

/** Four loops that were called once and have nothing to do. */
export const idle: Scenario = {
  name: 'idle',
  title: `${LOOPS} idle loops, and one in the main thread`,
  question: { calls: 1, atLeast: 0 },
  metrics: [
    { name: 'wakeUps', unit: 'wake-ups/s', scale: 1 },
    { name: 'cpu', unit: 'CPU ms/s', scale: 1e3 },
  ],
  contenders: [
    { name: 'ringloop', runtime: 'node', open: openLoops },
    { name: 'plain workers', runtime: 'node', open: openWorkers },
  ],
  aims: [
    { contender: 'ringloop', metric: 'wakeUps', against: null, sense: 'at most', bound: 0 },
    { contender: 'ringloop', metric: 'cpu', against: null, sense: 'at most', bound: null },
  ],
};
