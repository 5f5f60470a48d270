import { readFileSync, readlinkSync } from 'node:fs';

/** Where a thread's time of start stands among the fields after its name in /proc/…/stat: see proc_pid_stat(5). */
const START_TIME = 19;

/**
 * Names this thread in a way in which others can see whether it lives, even if it was terminated and nobody has told.
 * Null where there is no /proc to ask.
 */
export function thisKernelThread(): string | null {
  try {
    const [, task = ''] = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
    return nameOf(task);
  } catch {
    return null; // another system, or a process that may not read files
  }
}

/** Whether the thread lives. True as well if it cannot be told: then only the news of its end says so. */
export function livesInKernel(thread: string | null): boolean {
  if (thread === null) return true;
  try {
    const [task = ''] = thread.split('@');
    return nameOf(task) === thread;
  } catch {
    return false; // it has no entry any more
  }
}

/** The number alone would not do: the kernel gives it to a new thread after some time. */
function nameOf(task: string): string {
  const stat = readFileSync(`/proc/self/task/${task}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return `${task}@${fields[START_TIME] ?? ''}`;
}
