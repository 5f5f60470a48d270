import { allTasks } from './all-tasks.js';
import type { BaseEventLoop } from './event-loop.js';
import { inspectSafely } from './debug/inspect-safely.js';
import { isPromiseLike } from './is-promise-like.js';
import { SEAL_INBOX, WAITS } from './loop-internals.js';
import type { Task } from './task.js';

/** How long to wait for jobs in the default executor, in seconds; CPython: constants.THREAD_JOIN_TIMEOUT. */
const EXECUTOR_TIMEOUT = 300;

/** How long cancelled tasks may take before a warning names them, in ms of real time; arbitrary. */
const SILENCE_MS = 1000;

/** How many tasks the warning names; arbitrary. */
const MOST_SHOWN = 10;

/** The end of `run()`: lets nothing keep running, then closes the loop. */
export async function windUp(loop: BaseEventLoop): Promise<void> {
  try {
    await cancelAllTasks(loop);
    await loop.runUntilComplete(() => loop[SEAL_INBOX]()); // now calls from other threads have run, or are refused
    await cancelAllTasks(loop); // such calls may have started tasks
    await loop.runUntilComplete(() => loop.shutdownAsyncgens());
    await loop.runUntilComplete(() => loop.shutdownDefaultExecutor({ timeout: EXECUTOR_TIMEOUT }));
  } finally {
    loop.close();
  }
}

/** Warns about tasks that take long to end. Otherwise nobody could tell why the process does not end. */
function watch(tasks: readonly Task<unknown>[]): () => void {
  const timer = setTimeout(() => {
    const left = tasks.filter((task) => !task.done());
    const shown = left.slice(0, MOST_SHOWN).map((task) => `\n  ${inspectSafely(task)}${whyNot(task)}`);
    if (left.length > MOST_SHOWN) shown.push(`\n  and ${left.length - MOST_SHOWN} more`);
    console.warn(`run() has cancelled its tasks, and is still waiting for:${shown.join('')}`);
  }, SILENCE_MS);
  return () => clearTimeout(timer);
}

function whyNot(task: Task<unknown>): string {
  if (task[WAITS]().length > 0) return '';
  return isPromiseLike(task.getCoro())
    ? ': a promise that ran already when the task was made cannot be cancelled; give createTask() the function instead'
    : ': it awaits a promise that is none of ours, which cannot be interrupted; use the AbortSignal that its function is given';
}

async function cancelAllTasks(loop: BaseEventLoop): Promise<void> {
  const tasks = [...allTasks(loop)];
  if (tasks.length === 0) return;
  for (const task of tasks) task.cancel();
  const stopWatching = watch(tasks);
  try {
    await loop.runUntilComplete(() => Promise.allSettled(tasks));
  } finally {
    stopWatching();
  }
  for (const task of tasks) {
    const exception = task.cancelled() ? null : task.exception();
    if (exception !== null) {
      loop.callExceptionHandler({ message: 'unhandled exception during run() shutdown', exception, task });
    }
  }
}
