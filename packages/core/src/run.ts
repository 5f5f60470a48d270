import { LoopStateError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { SEAL_INBOX } from './loop-internals.js';
import { peekRunningLoop } from './running-loop.js';
import { allTasks } from './all-tasks.js';
import type { Coroutine } from './coroutine.js';

export interface RunOptions<L extends BaseEventLoop = BaseEventLoop> {
  readonly debug?: boolean;
  readonly loopFactory: () => L;
}

/**
 * Runs `main` in a new loop, cancels the tasks it leaves behind, shuts the default executor down and closes the loop.
 * Python: asyncio.run(). Rejects with LoopStateError ERR_LOOP_RUNNING when a loop runs in this thread already.
 */
export async function run<T>(main: Coroutine<T> | PromiseLike<T>, options: RunOptions): Promise<T> {
  if (peekRunningLoop() !== null) {
    throw new LoopStateError('run() cannot be called from a running event loop', 'ERR_LOOP_RUNNING');
  }
  const loop = options.loopFactory();
  if (options.debug !== undefined) loop.setDebug(options.debug);
  try {
    return await loop.runUntilComplete(main);
  } finally {
    await windUp(loop);
  }
}

/** What `run()` does at its end: nothing is left running when the loop is closed. */
export async function windUp(loop: BaseEventLoop): Promise<void> {
  try {
    await cancelAllTasks(loop);
    await loop.runUntilComplete(() => loop[SEAL_INBOX]()); // a call from another thread either was refused or runs
    await cancelAllTasks(loop); // such calls may have started tasks
    await loop.runUntilComplete(() => loop.shutdownDefaultExecutor());
  } finally {
    loop.close();
  }
}

async function cancelAllTasks(loop: BaseEventLoop): Promise<void> {
  const tasks = [...allTasks(loop)];
  if (tasks.length === 0) return;
  for (const task of tasks) task.cancel();
  await loop.runUntilComplete(() => Promise.allSettled(tasks));
  for (const task of tasks) {
    const exception = task.cancelled() ? null : task.exception();
    if (exception !== null) {
      loop.callExceptionHandler({ message: 'unhandled exception during run() shutdown', exception, task });
    }
  }
}
