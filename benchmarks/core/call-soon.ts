import { BaseEventLoop } from '@ringloop/core';
import { runInLoop, runInNode } from './run-in-loop.js';
import type { Scenario, Size } from './scenario.js';
import type { Stopwatch } from './stopwatch.js';

/** `width` callbacks, each of which schedules itself again until it has run its share of `items` times. */
export const callSoon: Scenario = {
  name: 'call-soon',
  title: 'callSoon, callbacks that re-schedule themselves',
  item: 'callback',
  size: { items: 200_000, width: 100 },
  contenders: [
    {
      name: 'ringloop',
      open() {
        const loop = new BaseEventLoop();
        return (size, watch) => runInLoop(loop, (done) => runChains(loop, size, watch, done));
      },
    },
    {
      name: 'ringloop EventLoop',
      async open() {
        const { EventLoop } = await import('ringloop'); // only here: the other contenders run without sockets and inbox
        const loop = new EventLoop();
        return (size, watch) => runInLoop(loop, (done) => runChains(loop, size, watch, done));
      },
    },
    {
      // As most programs begin. What a task schedules carries its context along.
      name: 'ringloop EventLoop, from a task',
      async open() {
        const { getRunningLoop, run } = await import('ringloop');
        return (size, watch) =>
          run(() => new Promise<void>((done) => runChains(getRunningLoop(), size, watch, done)));
      },
    },
    {
      name: 'setImmediate',
      open: () => (size, watch) => runInNode((done) => runImmediates(size, watch, done)),
    },
  ],
  comparisons: [
    { contender: 'ringloop', against: 'uvloop', aim: 4 },
    { contender: 'ringloop', against: 'setImmediate', aim: 1.3 },
    { contender: 'ringloop EventLoop', against: 'uvloop', aim: 4 },
    { contender: 'ringloop EventLoop', against: 'setImmediate', aim: 1.3 },
    { contender: 'ringloop EventLoop, from a task', against: 'uvloop', aim: null },
    { contender: 'ringloop EventLoop, from a task', against: 'setImmediate', aim: null },
  ],
};

function runChains(loop: BaseEventLoop, { items, width }: Size, watch: Stopwatch, done: () => void): void {
  let running = width;
  const chain = (): (() => void) => {
    let left = items / width;
    const step = (): void => {
      if (--left > 0) loop.callSoon(step);
      else if (--running === 0) {
        watch.stop();
        done();
      }
    };
    return step;
  };
  const chains = Array.from({ length: width }, chain);
  watch.start();
  for (const step of chains) loop.callSoon(step);
}

function runImmediates({ items, width }: Size, watch: Stopwatch, done: () => void): void {
  let running = width;
  const chain = (): (() => void) => {
    let left = items / width;
    const step = (): void => {
      if (--left > 0) setImmediate(step);
      else if (--running === 0) {
        watch.stop();
        done();
      }
    };
    return step;
  };
  const chains = Array.from({ length: width }, chain);
  watch.start();
  for (const step of chains) setImmediate(step);
}
