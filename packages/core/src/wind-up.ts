import { allTasks } from './all-tasks.js';
import type { BaseEventLoop } from './event-loop.js';
import { SEAL_INBOX } from './loop-internals.js';

/** Seconds that jobs in the default executor are waited for; CPython: constants.THREAD_JOIN_TIMEOUT. */
const EXECUTOR_TIMEOUT = 300;

/** What `run()` does at its end: nothing is left running when the loop is closed. */
export async function windUp(loop: BaseEventLoop): Promise<void> {
  try {
    await cancelAllTasks(loop);
    await loop.runUntilComplete(() => loop[SEAL_INBOX]()); // a call from another thread either was refused or runs
    await cancelAllTasks(loop); // such calls may have started tasks
    await loop.runUntilComplete(() => loop.shutdownAsyncgens());
    await loop.runUntilComplete(() => loop.shutdownDefaultExecutor({ timeout: EXECUTOR_TIMEOUT }));
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
