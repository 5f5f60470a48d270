import { flooding } from './flooding.js';
import { openPostMessageProducers } from './peers/post-message.js';
import { openRingloopProducers } from './peers/ringloop.js';
import { type NodeContender, PER_SECOND, type Scenario } from './scenario.js';

const NAMES = new Map([
  [1, 'one producer'],
  [2, 'two producers'],
  [4, 'four producers'],
]);

const contenders: NodeContender[] = [...NAMES].flatMap(([count, name]) => [
  { name: `ringloop, ${name}`, runtime: 'node', open: () => flooding(openRingloopProducers(count)) },
  { name: `postMessage, ${name}`, runtime: 'node', open: () => flooding(openPostMessageProducers(count)) },
]);

/** Several threads call into one loop: calls of all of them together. */
export const producers: Scenario = {
  name: 'producers',
  title: 'Several producers into one loop, a number',
  question: { calls: 300_000, atLeast: 0.3 },
  metrics: [PER_SECOND],
  contenders,
  aims: ['two producers', 'four producers'].map((name) => ({
    contender: `ringloop, ${name}`,
    metric: 'perSecond',
    against: 'ringloop, one producer',
    sense: 'at least',
    bound: 1,
  })),
};
