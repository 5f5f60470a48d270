// Functions that the cases of run_coroutine_threadsafe() call in another thread.
import { allTasks, BaseEventLoop, currentTask, getRunningLoop, type LoopPorts, sleep } from '@ringloop/core';
import { type LoopRef, remote, type ThreadsafeHandle } from '@ringloop/threadsafe';

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

/** Where a callback finds its own handle, and says what came of cancelling it. */
export const handles = { mine: null as ThreadsafeHandle | null, outcome: '' };

export const cancelYourself = remote(import.meta.url, function cancelYourself(): void {
  handles.outcome = `cancel() gave ${handles.mine?.cancel()}`;
});

/** Has another loop add 0, 1, … to `base`; each fifth call fails. */
export const addFor = remote(
  import.meta.url,
  async function addFor(to: LoopRef, base: number, count: number): Promise<(number | string)[]> {
    const calls = Array.from({ length: count }, (_, n) =>
      to.runCoroutineThreadsafe(add, base, n, n % 5 === 4 ? 'fail' : 'return'),
    );
    return Promise.all(calls.map((call) => call.then((sum) => sum, String)));
  },
);
