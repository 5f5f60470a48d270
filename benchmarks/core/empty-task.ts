import { BaseEventLoop, type Task } from '@ringloop/core';
import type { NodeContender, Scenario, Size, Workload } from './scenario.js';
import type { Stopwatch } from './stopwatch.js';

const CONTENDERS: readonly NodeContender<Workload>[] = [
  {
    name: 'ringloop async',
    open() {
      const loop = new BaseEventLoop();
      return (size, watch) => createAsync(loop, size, watch);
    },
  },
  {
    name: 'ringloop generators',
    open() {
      const loop = new BaseEventLoop();
      return (size, watch) => createGenerators(loop, size, watch);
    },
  },
  { name: 'async function from setImmediate', open: () => startFromImmediates },
];

/** A task makes `width` tasks that do nothing, waits for each, and makes the next ones. */
export const emptyTask: Scenario = {
  name: 'task',
  title: 'create and run an empty task',
  item: 'task',
  size: { items: 50_000, width: 100 },
  contenders: CONTENDERS,
  comparisons: [
    { contender: 'ringloop async', against: 'uvloop', aim: 3 },
    { contender: 'ringloop generators', against: 'uvloop', aim: 3 },
    { contender: 'ringloop async', against: 'async function from setImmediate', aim: null },
    { contender: 'ringloop generators', against: 'async function from setImmediate', aim: null },
  ],
};

/** The same with each task waited for before the next is made: what counts then is how fast a loop comes around. */
export const emptyTaskAlone: Scenario = {
  ...emptyTask,
  name: 'task-alone',
  title: 'create and run an empty task, then the next',
  size: { items: 20_000, width: 1 },
  comparisons: emptyTask.comparisons.map((comparison) => ({ ...comparison, aim: null })),
};

const emptyAsync = async (): Promise<void> => undefined;

// eslint-disable-next-line require-yield -- empty, as the async one
function* emptyGenerator(): Generator<unknown, void> {
  return undefined;
}

async function createAsync(loop: BaseEventLoop, { items, width }: Size, watch: Stopwatch): Promise<void> {
  await loop.runUntilComplete(async () => {
    watch.start();
    for (let left = items; left > 0; left -= width) {
      const tasks: Task<void>[] = [];
      for (let i = 0; i < width; i++) tasks.push(loop.createTask(emptyAsync));
      for (const task of tasks) await task;
    }
    watch.stop();
  });
}

async function createGenerators(
  loop: BaseEventLoop,
  { items, width }: Size,
  watch: Stopwatch,
): Promise<void> {
  await loop.runUntilComplete(function* () {
    watch.start();
    for (let left = items; left > 0; left -= width) {
      const tasks: Task<void>[] = [];
      for (let i = 0; i < width; i++) tasks.push(loop.createTask(emptyGenerator));
      for (const task of tasks) yield* task;
    }
    watch.stop();
  });
}

/** The nearest that Node has: the function starts in a later turn, and there is something to wait for. */
async function startFromImmediates({ items, width }: Size, watch: Stopwatch): Promise<void> {
  watch.start();
  for (let left = items; left > 0; left -= width) {
    const running: Promise<void>[] = [];
    for (let i = 0; i < width; i++) {
      running.push(new Promise((resolve) => setImmediate(() => resolve(emptyAsync()))));
    }
    for (const promise of running) await promise;
  }
  watch.stop();
}
