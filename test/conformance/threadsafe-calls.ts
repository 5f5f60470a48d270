// Functions that the cases of run_coroutine_threadsafe() call in another thread.
import { allTasks, BaseEventLoop, currentTask, getRunningLoop, type LoopPorts, sleep } from '@ringloop/core';
import { remote } from '@ringloop/threadsafe';

export const createLoop = remote(import.meta.url, function createLoop(ports: LoopPorts): BaseEventLoop {
  return new BaseEventLoop(ports);
});

export type Ending = 'return' | 'fail' | 'cancel';

/** The sum, after a while; or an error, or a task that has cancelled itself. */
export const add = remote(
  import.meta.url,
  async function add(a: number, b: number, ending: Ending): Promise<number> {
    await sleep(0.05);
    if (ending === 'fail') throw new RangeError('Fail!');
    if (ending === 'cancel') currentTask()?.cancel();
    await sleep(0);
    return a + b;
  },
);

/** How many tasks the loop has besides the one that asks. */
export const countTasks = remote(import.meta.url, async function countTasks(): Promise<number> {
  await sleep(0.01); // those that were cancelled end
  return allTasks().size - 1;
});

const reported: string[] = [];

/** From now on the loop can make no task. */
export const breakTaskFactory = remote(import.meta.url, function breakTaskFactory(): void {
  const loop = getRunningLoop();
  loop.setExceptionHandler((_, { exception }) => reported.push(String(exception?.message)));
  loop.setTaskFactory(() => {
    throw new ReferenceError('no tasks today');
  });
});

export const mendTaskFactory = remote(import.meta.url, function mendTaskFactory(): void {
  getRunningLoop().setTaskFactory(null);
});

/** What was reported to the exception handler since the task factory was broken. */
export const reports = remote(import.meta.url, async function reports(): Promise<string[]> {
  return Promise.resolve(reported.splice(0));
});
