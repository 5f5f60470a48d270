import { allTasks } from './all-tasks.js';
import type { BaseEventLoop } from './event-loop.js';
import { inspectSafely } from './debug/inspect-safely.js';
import { isPromiseLike } from './is-promise-like.js';
import { SEAL_INBOX, WAITS } from './loop-internals.js';
import type { Task } from './task.js';

/** Seconds that jobs in the default executor are waited for; CPython: constants.THREAD_JOIN_TIMEOUT. */
const EXECUTOR_TIMEOUT = 300;

/** How long tasks that were cancelled may take before it is said which, in ms of real time; arbitrary. */
const SILENCE_MS = 1000;

/** How many of them are named; arbitrary. */
const MOST_SHOWN = 10;

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

/** Says what is waited for when it takes long; nobody could tell otherwise why the process does not end. */
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
