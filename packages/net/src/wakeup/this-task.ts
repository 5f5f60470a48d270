import { readlinkSync } from 'node:fs';

/** The kernel's id of this thread. @throws {Error} when there is no /proc */
export function thisTask(): number {
  const [, task] = /\/task\/(\d+)$/.exec(readlinkSync('/proc/thread-self')) ?? [];
  if (task === undefined) throw new Error('/proc/thread-self does not name a task');
  return Number(task);
}
