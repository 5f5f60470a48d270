import { flooding } from './flooding.js';
import { openComlink } from './peers/comlink.js';
import { openCoroutine, openCoroutineFromTask } from './peers/coroutine.js';
import { openPiscina, openTinypool } from './peers/pools.js';
import { type Aim, type NodeContender, PER_SECOND, type Scenario } from './scenario.js';

const node = (name: string, open: NodeContender['open']): NodeContender => ({ name, runtime: 'node', open });
const OURS = ['ringloop, plain function', 'ringloop, async function', 'ringloop, generator'];

function atLeast(against: string, bound: number): Aim[] {
  return OURS.map((contender) => ({ contender, metric: 'perSecond', against, sense: 'at least', bound }));
}

/** Calls whose results come back, 256 under way: all are awaited before the next 256. */
export const coroutine: Scenario = {
  name: 'coroutine',
  title: 'runCoroutineThreadsafe, 256 in flight',
  question: { calls: 10_240, atLeast: 0.3 },
  metrics: [PER_SECOND],
  contenders: [
    node('ringloop, plain function', () => flooding(openCoroutine('plain'))),
    node('ringloop, async function', () => flooding(openCoroutine('async'))),
    node('ringloop, generator', () => flooding(openCoroutine('generator'))),
    node('ringloop, async function from a task', () => flooding(openCoroutineFromTask())),
    node('Comlink', () => flooding(openComlink())),
    node('tinypool', () => flooding(openTinypool())),
    node('piscina', () => flooding(openPiscina())),
    { name: 'asyncio', runtime: 'python', calls: 2_560 },
    { name: 'uvloop', runtime: 'python', calls: 2_560 },
  ],
  aims: [...atLeast('Comlink', 5), ...atLeast('asyncio', 20)],
};
