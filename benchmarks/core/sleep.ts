import { BaseEventLoop, sleep, type Task } from '@ringloop/core';
import type { Scenario, Size } from './scenario.js';
import type { Stopwatch } from './stopwatch.js';

/** `width` tasks that do nothing but let the others run. Timed when all have started, until the last has ended. */
export const sleepZero: Scenario = {
  name: 'sleep',
  title: 'tasks of sleep(0)',
  item: 'switch',
  size: { items: 100_000, width: 100 },
  leastEach: 2, // the first sleep begins before the time does
  contenders: [
    {
      name: 'ringloop async',
      open() {
        const loop = new BaseEventLoop();
        return (size, watch) => sleepAsync(loop, size, watch);
      },
    },
    {
      name: 'ringloop generators',
      open() {
        const loop = new BaseEventLoop();
        return (size, watch) =>
          sleepInGenerators(loop, size, watch, function* (times) {
            for (let i = 0; i < times; i++) yield* sleep(0);
          });
      },
    },
    {
      name: 'ringloop generators, bare yield',
      open() {
        const loop = new BaseEventLoop();
        return (size, watch) =>
          sleepInGenerators(loop, size, watch, function* (times) {
            for (let i = 0; i < times; i++) yield;
          });
      },
    },
    { name: 'await new Promise(setImmediate)', open: () => sleepImmediate },
  ],
  comparisons: [
    { contender: 'ringloop async', against: 'uvloop', aim: 1 },
    { contender: 'ringloop generators', against: 'uvloop', aim: 3 },
    { contender: 'ringloop generators, bare yield', against: 'uvloop', aim: null },
    { contender: 'ringloop async', against: 'await new Promise(setImmediate)', aim: null },
    { contender: 'ringloop generators', against: 'await new Promise(setImmediate)', aim: null },
  ],
};

async function sleepAsync(loop: BaseEventLoop, { items, width }: Size, watch: Stopwatch): Promise<void> {
  const times = items / width;
  const sleeper = async (): Promise<void> => {
    for (let i = 0; i < times; i++) await sleep(0);
  };
  await loop.runUntilComplete(async () => {
    const tasks: Task<void>[] = [];
    for (let i = 0; i < width; i++) tasks.push(loop.createTask(sleeper));
    await sleep(0); // now they have started
    watch.start();
    for (const task of tasks) await task;
    watch.stop();
  });
}

async function sleepInGenerators(
  loop: BaseEventLoop,
  { items, width }: Size,
  watch: Stopwatch,
  sleeper: (times: number) => Generator<unknown, void>,
): Promise<void> {
  await loop.runUntilComplete(function* () {
    const tasks: Task<void>[] = [];
    for (let i = 0; i < width; i++) tasks.push(loop.createTask(sleeper(items / width)));
    yield* sleep(0); // now they have started
    watch.start();
    for (const task of tasks) yield* task;
    watch.stop();
  });
}

async function sleepImmediate({ items, width }: Size, watch: Stopwatch): Promise<void> {
  const times = items / width;
  const sleeper = async (): Promise<void> => {
    for (let i = 0; i < times; i++) await new Promise(setImmediate);
  };
  const running: Promise<void>[] = [];
  for (let i = 0; i < width; i++) running.push(sleeper());
  watch.start();
  for (const promise of running) await promise;
  watch.stop();
}
