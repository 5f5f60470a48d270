import { LoopGroup, LoopRef } from 'ringloop';
import { PAYLOADS } from './payload.js';
import { openConsumer } from './peers/count-consumer.js';
import { callOnce, collectGarbage, heapBytes } from './peers/heap-calls.js';
import { sink } from './peers/ringloop-calls.js';
import type { Figures, NodeContender, Scenario, Workload } from './scenario.js';

const FLAGS = ['--expose-gc'];
/** MiB: nothing is collected while so much is allocated. Both, since V8 begins with a small one. */
const NO_COLLECTION = [...FLAGS, '--min-semi-space-size=128', '--max-semi-space-size=128'];
const REFS = 10_000;
const LOOPS = 4;

const bytes = (name: string, unit: string): Scenario['metrics'][number] => ({ name, unit, scale: 1 });

function workload(
  measure: (calls: number) => Promise<Figures>,
  close: () => Promise<unknown> = () => Promise.resolve(),
): Workload {
  return { measure: ({ calls }) => measure(calls), close };
}

/** The process's memory and this thread's heap that `LOOPS` threads take, each. */
async function weighThreads<T>(
  open: () => Promise<T>,
  close: (opened: T) => Promise<unknown>,
): Promise<Figures> {
  collectGarbage();
  const before = process.memoryUsage();
  const opened = await open();
  collectGarbage();
  const after = process.memoryUsage();
  await close(opened);
  return { rss: (after.rss - before.rss) / LOOPS, heap: (after.heapUsed - before.heapUsed) / LOOPS };
}

const perLoop: Scenario = {
  name: 'memory-loop',
  title: `Memory of a loop with its thread (${LOOPS} at once)`,
  question: { calls: 1, atLeast: 0 },
  metrics: [
    { name: 'rss', unit: 'RSS MiB', scale: 2 ** -20 },
    { name: 'heap', unit: "spawner's heap KiB", scale: 2 ** -10 },
  ],
  contenders: [
    {
      name: 'ringloop',
      runtime: 'node',
      nodeFlags: FLAGS,
      open: async () =>
        workload(() =>
          weighThreads(
            () => LoopGroup.spawn({ loops: LOOPS }),
            (group) => group.close(),
          ),
        ),
    },
    {
      name: 'plain workers',
      runtime: 'node',
      nodeFlags: FLAGS,
      open: async () =>
        workload(() =>
          weighThreads(
            () => Promise.all(Array.from({ length: LOOPS }, () => openConsumer())),
            async (opened) => {
              await Promise.all(opened.map(({ worker }) => worker.terminate()));
            },
          ),
        ),
    },
  ],
  aims: [{ contender: 'ringloop', metric: 'rss', against: 'plain workers', sense: 'at most', bound: null }],
};

const perReference: Scenario = {
  name: 'memory-reference',
  title: `Memory of a LoopRef (${REFS.toLocaleString('en')} to one loop)`,
  question: { calls: REFS, atLeast: 0 },
  metrics: [bytes('heap', 'heap bytes')],
  contenders: [{ name: 'LoopRef', runtime: 'node', nodeFlags: FLAGS, open: openReferences }],
  aims: [],
};

async function openReferences(): Promise<Workload> {
  const group = await LoopGroup.spawn({ loops: 1 });
  const wire = group.next().toWire();
  return workload(
    async (calls) => {
      collectGarbage();
      const before = process.memoryUsage().heapUsed;
      const refs = Array.from({ length: calls }, () => LoopRef.fromWire(wire));
      collectGarbage();
      const after = process.memoryUsage().heapUsed;
      return { heap: (after - before) / refs.length }; // refs are alive until here
    },
    () => group.close(),
  );
}

const perLane: Scenario = {
  name: 'memory-lane',
  title: `Memory of one more lane: ${LOOPS} threads that are there already call a loop for the first time`,
  question: { calls: 1, atLeast: 0 },
  metrics: [{ name: 'rss', unit: 'RSS KiB', scale: 2 ** -10 }],
  contenders: [{ name: 'lane', runtime: 'node', nodeFlags: FLAGS, open: openLanes }],
  aims: [],
};

/** Each time another loop is called, which has no lanes yet. */
async function openLanes(): Promise<Workload> {
  return workload(async () => {
    const group = await LoopGroup.spawn({ loops: LOOPS + 2 });
    const [first, second, ...sources] = group.loops;
    if (first === undefined || second === undefined) throw new Error('A group has too few loops');
    // What is loaded and compiled at the first call of all belongs to no lane.
    for (const source of sources) await source.runCoroutineThreadsafe(callOnce, first);
    const before = process.memoryUsage().rss;
    for (const source of sources) await source.runCoroutineThreadsafe(callOnce, second);
    const after = process.memoryUsage().rss;
    await group.close();
    return { rss: (after - before) / sources.length };
  });
}

/**
 * By V8's own count, before and after some calls, in a new generation that is large enough for nothing to be collected. On the
 * sending side that counts handles and what the serializer makes; memory outside of the heap is not in it.
 */
const perCall: Scenario = {
  name: 'allocation',
  title: 'Bytes allocated on the heap for each call',
  question: { calls: 20_000, atLeast: 0 },
  metrics: [bytes('sender', 'sender, bytes'), bytes('reader', 'reader, bytes')],
  contenders: [
    allocating('a number', 'number'),
    allocating('a short string', 'string'),
    allocating('a small object', 'object'),
    allocating('1 KiB of bytes', 'bytes'),
  ],
  aims: [{ contender: 'a number', metric: 'reader', against: null, sense: 'at most', bound: null }],
};

function allocating(name: string, payload: keyof typeof PAYLOADS): NodeContender {
  return { name, runtime: 'node', nodeFlags: NO_COLLECTION, open: () => openAllocation(payload) };
}

async function openAllocation(payload: keyof typeof PAYLOADS): Promise<Workload> {
  const group = await LoopGroup.spawn({ loops: 1 });
  const there = group.next();
  const value = PAYLOADS[payload];
  return workload(
    async (calls) => {
      const readerBefore = await there.runCoroutineThreadsafe(heapBytes, true);
      const senderBefore = heapBytes(true);
      for (let i = 0; i < calls; i++) there.callSoonThreadsafe(sink, value);
      const senderAfter = heapBytes(false);
      const readerAfter = await there.runCoroutineThreadsafe(heapBytes, false);
      return {
        sender: (senderAfter - senderBefore) / calls,
        reader: (readerAfter - readerBefore) / calls,
      };
    },
    () => group.close(),
  );
}

export const memory: readonly Scenario[] = [perLoop, perReference, perLane, perCall];
