import { flooding } from './flooding.js';
import { PAYLOADS } from './payload.js';
import { openComlink } from './peers/comlink.js';
import { openPiscina, openTinypool } from './peers/pools.js';
import {
  openBatchedPostMessage,
  openBroadcastChannel,
  openPostMessage,
  openTransferringPostMessage,
} from './peers/post-message.js';
import { openRingloop } from './peers/ringloop.js';
import { type Aim, type NodeContender, PER_SECOND, type Scenario } from './scenario.js';

/** Those that answer each call, a window at a time, take as long for fewer. */
const ANSWERED_CALLS = 10_000;
const TIMED = 0.3;

function nodeContenders(payload: keyof typeof PAYLOADS): NodeContender[] {
  const value = PAYLOADS[payload];
  return [
    { name: 'ringloop', runtime: 'node', open: () => flooding(openRingloop(value)) },
    { name: 'postMessage', runtime: 'node', open: () => flooding(openPostMessage(value)) },
    {
      name: 'postMessage, 1,000 a message',
      runtime: 'node',
      open: () => flooding(openBatchedPostMessage(value)),
    },
    { name: 'BroadcastChannel', runtime: 'node', open: () => flooding(openBroadcastChannel(value)) },
    { name: 'Comlink', runtime: 'node', calls: ANSWERED_CALLS, open: () => flooding(openComlink(value)) },
  ];
}

function atLeast(against: string, bound: number | null): Aim {
  return { contender: 'ringloop', metric: 'perSecond', against, sense: 'at least', bound };
}

const others = [atLeast('postMessage, 1,000 a message', null), atLeast('BroadcastChannel', null)];

/** One producer, one consumer, one number a call. */
export const throughput: Scenario = {
  name: 'throughput',
  title: 'One producer, a number',
  question: { calls: 300_000, atLeast: TIMED },
  metrics: [PER_SECOND],
  contenders: [
    ...nodeContenders('number'),
    { name: 'tinypool', runtime: 'node', calls: ANSWERED_CALLS, open: () => flooding(openTinypool()) },
    { name: 'piscina', runtime: 'node', calls: ANSWERED_CALLS, open: () => flooding(openPiscina()) },
    { name: 'asyncio', runtime: 'python', calls: 50_000 },
    { name: 'uvloop', runtime: 'python', calls: 50_000 },
    { name: 'Netty', runtime: 'java' },
  ],
  aims: [atLeast('postMessage', 20), atLeast('uvloop', 6), atLeast('Netty', 1.2), ...others],
};

/** The same with other payloads. What crosses threads of one heap, in Python and Java, is a pointer: they take no part. */
export const throughputOfPayloads: readonly Scenario[] = [
  {
    name: 'throughput-string',
    title: 'One producer, a short string',
    question: { calls: 200_000, atLeast: TIMED },
    metrics: [PER_SECOND],
    contenders: nodeContenders('string'),
    aims: [atLeast('postMessage', 10), ...others],
  },
  {
    name: 'throughput-object',
    title: 'One producer, a small object',
    question: { calls: 100_000, atLeast: TIMED },
    metrics: [PER_SECOND],
    contenders: nodeContenders('object'),
    aims: [atLeast('postMessage', 2), ...others],
  },
  {
    name: 'throughput-bytes',
    title: 'One producer, 1 KiB of bytes',
    question: { calls: 20_000, atLeast: TIMED },
    metrics: [PER_SECOND],
    contenders: [
      ...nodeContenders('bytes'),
      {
        name: 'postMessage, transferred',
        runtime: 'node',
        open: () => flooding(openTransferringPostMessage(PAYLOADS.bytes)),
      },
    ],
    aims: [atLeast('postMessage', 5), atLeast('postMessage, transferred', null), ...others],
  },
];
