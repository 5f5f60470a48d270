import { flooding } from './flooding.js';
import { bytesOf } from './payload.js';
import {
  openPostMessage,
  openPostMessageProducers,
  openTransferringPostMessage,
} from './peers/post-message.js';
import { openRingloop, openRingloopProducers } from './peers/ringloop.js';
import { type NodeContender, PER_SECOND, type Question, type Scenario } from './scenario.js';

/** The same question for one value after the other. */
export interface Growing {
  readonly name: string;
  readonly title: string;
  readonly xLabel: string;
  readonly xs: readonly number[];
  readonly scenarioAt: (x: number) => Scenario;
}

const FEW = [1, 2, 4, 8];
const KIB = 1024;
const QUESTION = { calls: 100_000, atLeast: 0.2 };
/** Bytes in one flood at most: half of what one ring may hold. */
const FLOOD_BYTES = 32 * KIB * KIB;

export const GROWING: readonly Growing[] = [
  {
    name: 'producers',
    title: 'Calls per second by producers into one loop',
    xLabel: 'producers',
    xs: FEW,
    scenarioAt: (x) =>
      scenario(`growing-producers-${x}`, QUESTION, [
        { name: 'ringloop', runtime: 'node', open: () => flooding(openRingloopProducers(x)) },
        { name: 'postMessage', runtime: 'node', open: () => flooding(openPostMessageProducers(x)) },
      ]),
  },
  {
    name: 'loops',
    title: 'Calls per second by loops that one producer calls in turn',
    xLabel: 'loops',
    xs: FEW,
    scenarioAt: (x) =>
      scenario(`growing-loops-${x}`, QUESTION, [
        { name: 'ringloop', runtime: 'node', open: () => flooding(openRingloop(1, { loops: x })) },
        { name: 'postMessage', runtime: 'node', open: () => flooding(openPostMessage(1, { workers: x })) },
      ]),
  },
  {
    name: 'payload',
    title: 'Calls per second by size of the bytes',
    xLabel: 'bytes',
    xs: [0, 64, KIB, 16 * KIB, 256 * KIB, KIB * KIB],
    scenarioAt: (x) => {
      const calls = Math.min(20_000, Math.floor(FLOOD_BYTES / Math.max(x, 1)));
      return scenario(`growing-payload-${x}`, { ...QUESTION, calls }, [
        { name: 'ringloop', runtime: 'node', open: () => flooding(openRingloop(bytesOf(x))) },
        { name: 'postMessage', runtime: 'node', open: () => flooding(openPostMessage(bytesOf(x))) },
        {
          name: 'postMessage, transferred',
          runtime: 'node',
          open: () => flooding(openTransferringPostMessage(bytesOf(x))),
        },
      ]);
    },
  },
];

function scenario(name: string, question: Question, contenders: readonly NodeContender[]): Scenario {
  return { name, title: name, question, metrics: [PER_SECOND], contenders, aims: [] };
}
