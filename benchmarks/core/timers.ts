import { BaseEventLoop, type TimerHandle } from '@ringloop/core';
import { equalDelays, randomDelays } from './random-delays.js';
import { runInLoop, runInNode } from './run-in-loop.js';
import type { NodeContender, Scenario, Size, Workload } from './scenario.js';
import type { Stopwatch } from './stopwatch.js';

type Part = 'insert' | 'cancel';
type Delays = (count: number) => number[];

/** One kind of timer, in batches, so that the loop over a batch is the contender's own. */
interface Timers<H> {
  insert(delays: readonly number[]): H[];
  cancel(handles: readonly H[]): void;
  soon(fn: () => void): void;
}

const SIZE = { items: 100_000, width: 100_000 };

export const insertTimers: Scenario = {
  name: 'timers-insert',
  title: 'timers, random delays: insert',
  item: 'timer',
  size: SIZE,
  contenders: contenders('insert', randomDelays),
  comparisons: [
    { contender: 'ringloop', against: 'setTimeout', aim: 3 },
    { contender: 'ringloop', against: 'uvloop', aim: null },
  ],
};

export const cancelTimers: Scenario = {
  name: 'timers-cancel',
  title: 'timers, random delays: cancel',
  item: 'timer',
  size: SIZE,
  contenders: contenders('cancel', randomDelays),
  comparisons: [
    { contender: 'ringloop', against: 'setTimeout', aim: 5 },
    { contender: 'ringloop', against: 'uvloop', aim: null },
  ],
};

export const insertEqualTimers: Scenario = {
  name: 'timers-insert-equal',
  title: 'timers, equal delays: insert',
  item: 'timer',
  size: SIZE,
  contenders: contenders('insert', equalDelays),
  comparisons: [
    { contender: 'ringloop', against: 'setTimeout', aim: null },
    { contender: 'ringloop', against: 'uvloop', aim: null },
  ],
};

function contenders(part: Part, delays: Delays): NodeContender<Workload>[] {
  return [
    {
      name: 'ringloop',
      open() {
        const loop = new BaseEventLoop();
        return (size, watch) =>
          runInLoop(loop, (done) => takeTurns(loopTimers(loop), part, delays(size.width), size, watch, done));
      },
    },
    {
      name: 'setTimeout',
      open: () => (size, watch) =>
        runInNode((done) => takeTurns(nodeTimers, part, inMs(delays(size.width)), size, watch, done)),
    },
  ];
}

function loopTimers(loop: BaseEventLoop): Timers<TimerHandle> {
  return {
    insert: (delays) => delays.map((delay) => loop.callLater(delay, onTimer)),
    cancel: (handles) => {
      for (const handle of handles) handle.cancel();
    },
    soon: (fn) => loop.callSoon(fn),
  };
}

const nodeTimers: Timers<NodeJS.Timeout> = {
  insert: (delays) => delays.map((delay) => setTimeout(onTimer, delay)),
  cancel: (handles) => {
    for (const handle of handles) clearTimeout(handle);
  },
  soon: (fn) => setImmediate(fn),
};

function onTimer(): void {
  throw new Error('A timer came due while timers were measured');
}

/** A part ends with the turn that follows it: that is where some loops put their heap in order. */
function takeTurns<H>(
  timers: Timers<H>,
  part: Part,
  delays: readonly number[],
  { items, width }: Size,
  watch: Stopwatch,
  done: () => void,
): void {
  let batches = items / width;
  const takeTurn = (): void => {
    if (part === 'insert') watch.start();
    const handles = timers.insert(delays);
    timers.soon(() => {
      if (part === 'insert') watch.stop();
      else watch.start();
      timers.cancel(handles);
      timers.soon(() => {
        if (part === 'cancel') watch.stop();
        if (--batches > 0) takeTurn();
        else done();
      });
    });
  };
  takeTurn();
}

function inMs(seconds: readonly number[]): number[] {
  return seconds.map((delay) => delay * 1000);
}
