import type { Act, Source, Wait } from './grammar/program.js';

/** What programs are made of: statements, sources, and what else was not always there. */
export type Feature = Act['op'] | Wait['op'] | Source['from'] | Extra;

type Extra = 'raiseCancelled' | 'raiseExit' | 'cancelMessage' | 'eagerFactory' | 'eagerGroup' | 'semaphore';

/** Python 3.minor.micro. */
export type Version = readonly [minor: number, micro: number];

interface Since {
  /** The first version that behaves as ringloop does, which follows the newest. */
  readonly from: Version;
  readonly why: string;
}

/** null: all versions that can be an oracle behave alike. */
const SINCE: Record<Feature, Since | null> = {
  callSoon: null,
  callLater: null,
  callAt: null,
  cancelHandle: null,
  stop: null, // modelled by the oracle
  report: null,
  raise: null,
  raiseCancelled: { from: [11, 0], why: 'as cancelMessage' },
  raiseExit: null,

  setResult: null,
  setException: null,
  cancel: null,
  cancelMessage: {
    from: [11, 0],
    why: 'before, each await made a new CancelledError, and messages got lost',
  },
  renew: null,
  lookAt: null,
  addCallback: null,
  removeCallback: null,

  spawn: null,
  spawnEager: { from: [12, 0], why: 'new' },
  eagerFactory: { from: [12, 0], why: 'new' },
  cancelling: { from: [11, 0], why: 'new' },
  uncancel: {
    from: [13, 0],
    why: 'new in 3.11; did not take back a cancellation that had not been thrown yet',
  },
  await: null,
  slot: null,
  coroutine: null,
  sleep: null,
  bareYield: null,
  try: null,

  keep: null,
  gather: { from: [12, 0], why: 'before, a gather() of what is done already took the loop' },
  shield: null, // as in 3.14 by the oracle
  waitForAll: null,
  asCompleted: null,
  eachCompleted: { from: [13, 0], why: 'new: `async for` over as_completed()' },

  timeout: { from: [11, 0], why: 'new' },
  timeoutAt: { from: [11, 0], why: 'new' },
  reschedule: { from: [11, 0], why: 'new' },
  lookAtTimeout: { from: [11, 0], why: 'new' },
  waitFor: { from: [12, 0], why: 'rewritten; before, it made a task of what it waits for' },

  with: null,
  acquire: null,
  release: null,
  locked: null,
  semaphore: { from: [11, 0], why: 'before, newcomers could overtake waiters' },
  setEvent: null,
  clearEvent: null,
  waitEvent: null,
  waitCondition: { from: [13, 0], why: 'before, a waiter cancelled after notify() did not hand that on' },
  waitConditionFor: { from: [13, 0], why: 'as waitCondition' },
  bump: null,
  notify: null,
  notifyAll: null,
  waitBarrier: { from: [13, 0], why: 'new in 3.11; as waitCondition, on which it rests' },
  resetBarrier: { from: [13, 0], why: 'as waitBarrier' },
  abortBarrier: { from: [13, 0], why: 'as waitBarrier' },
  lookAtBarrier: { from: [13, 0], why: 'as waitBarrier' },

  put: null,
  putNowait: null,
  get: null,
  getNowait: null,
  join: null,
  taskDone: null,
  lookAtQueue: null,
  shutdown: { from: [13, 0], why: 'new' },

  group: { from: [13, 0], why: 'new in 3.11; with errors in it, it forgot a cancellation from outside' },
  spawnIn: { from: [13, 0], why: 'as group' },
  // 3.12 has it as well, from 3.12.9 on.
  eagerGroup: {
    from: [13, 2],
    why: 'before, a task that was done at once was so for its group within create_task()',
  },
};

/** Whether that Python can tell how `feature` ought to behave. */
export function knows([minor, micro]: Version, feature: Feature): boolean {
  const [fromMinor, fromMicro] = SINCE[feature]?.from ?? [0, 0];
  return minor > fromMinor || (minor === fromMinor && micro >= fromMicro);
}

/** What that Python is asked. */
export function featuresOf(version: Version): Feature[] {
  return (Object.keys(SINCE) as Feature[]).filter((feature) => knows(version, feature)); // its keys are all features
}
