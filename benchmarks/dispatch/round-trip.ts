import { openComlink } from './peers/comlink.js';
import { openPiscina, openTinypool } from './peers/pools.js';
import { openPostMessageEcho } from './peers/post-message.js';
import { openRingloopEcho } from './peers/ringloop.js';
import { openWaitAsync } from './peers/wait-async.js';
import { type Aim, type NodeContender, P50, P99, type Scenario } from './scenario.js';
import { tripping } from './tripping.js';

/** Seconds: longer than the pause between two trips, so that neither side ever sleeps. */
const SPIN = 0.005;

const node = (name: string, open: NodeContender['open']): NodeContender => ({ name, runtime: 'node', open });

/** What was measured with a bare eventfd, and some room for our own code. */
const P50_BOUND = Number(process.versions.node.split('.')[0]) >= 24 ? 0.95 : 1.05;

function atMost(contender: string, p50: number | null, p99: number | null): Aim[] {
  return [
    { contender, metric: 'p50', against: 'postMessage', sense: 'at most', bound: p50 },
    { contender, metric: 'p99', against: 'postMessage', sense: 'at most', bound: p99 },
  ];
}

/** One call there and one back, between two threads that are idle before; in JavaScript, until the awaiting code goes on. */
export const roundTrip: Scenario = {
  name: 'round-trip',
  title: 'Round trip between two idle loops',
  question: { calls: 300, atLeast: 0 },
  metrics: [P50, P99],
  contenders: [
    node('ringloop', () => tripping(openRingloopEcho())),
    node('ringloop, atomics', () => tripping(openRingloopEcho({ wakeup: 'atomics' }))),
    node('ringloop, spinning', () => tripping(openRingloopEcho({ spin: SPIN }))),
    node('postMessage', () => tripping(openPostMessageEcho())),
    node('bare Atomics.waitAsync', () => tripping(openWaitAsync())),
    node('Comlink', () => tripping(openComlink())),
    node('tinypool', () => tripping(openTinypool())),
    node('piscina', () => tripping(openPiscina())),
    { name: 'asyncio', runtime: 'python' },
    { name: 'uvloop', runtime: 'python' },
    { name: 'Netty', runtime: 'java' },
  ],
  aims: [
    ...atMost('ringloop', P50_BOUND, 1.2),
    ...atMost('ringloop, atomics', null, null),
    ...atMost('ringloop, spinning', 0.1, 0.1),
    ...atMost('bare Atomics.waitAsync', null, null),
  ],
};
