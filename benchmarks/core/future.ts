import { BaseEventLoop } from '@ringloop/core';
import { runInLoop, runInNode } from './run-in-loop.js';
import type { Scenario, Size } from './scenario.js';
import type { Stopwatch } from './stopwatch.js';

/** Makes `width` futures, gives each one callback and a result; when all callbacks have run, the next ones. */
export const futureWithCallback: Scenario = {
  name: 'future',
  title: 'future with one callback',
  item: 'future',
  size: { items: 100_000, width: 100 },
  contenders: [
    {
      name: 'ringloop',
      open() {
        const loop = new BaseEventLoop();
        return (size, watch) => runInLoop(loop, (done) => settleFutures(loop, size, watch, done));
      },
    },
    { name: 'promise', open: () => (size, watch) => runInNode((done) => settlePromises(size, watch, done)) },
  ],
  comparisons: [
    { contender: 'ringloop', against: 'uvloop', aim: 4 },
    { contender: 'ringloop', against: 'promise', aim: null },
  ],
};

function settleFutures(
  loop: BaseEventLoop,
  { items, width }: Size,
  watch: Stopwatch,
  done: () => void,
): void {
  let left = items;
  let waiting = 0;
  const onDone = (): void => {
    if (--waiting > 0) return;
    if (left > 0) settleBatch();
    else {
      watch.stop();
      done();
    }
  };
  const settleBatch = (): void => {
    left -= width;
    waiting = width;
    for (let i = 0; i < width; i++) {
      const future = loop.createFuture<number>();
      future.addDoneCallback(onDone);
      future.setResult(i);
    }
  };
  watch.start();
  settleBatch();
}

/** The same with Node's own, which never takes a turn: its callbacks run before anything else can. */
function settlePromises({ items, width }: Size, watch: Stopwatch, done: () => void): void {
  let left = items;
  let waiting = 0;
  const onDone = (): void => {
    if (--waiting > 0) return;
    if (left > 0) settleBatch();
    else {
      watch.stop();
      done();
    }
  };
  const settleBatch = (): void => {
    left -= width;
    waiting = width;
    for (let i = 0; i < width; i++) {
      let settle: ((value: number) => void) | undefined;
      const promise = new Promise<number>((resolve) => {
        settle = resolve;
      });
      void promise.then(onDone);
      settle?.(i);
    }
  };
  watch.start();
  settleBatch();
}
