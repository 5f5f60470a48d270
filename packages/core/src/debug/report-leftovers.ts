import { tracebackOf } from './creation-stack.js';
import type { BaseEventLoop } from '../event-loop.js';
import { TASKS, UNRETRIEVED } from '../loop-internals.js';
import { isQuiet } from './quiet-tasks.js';

/**
 * What nobody will ever hear of once the loop is closed: exceptions that were never retrieved, and tasks that never ended.
 * asyncio tells when they are collected; here that would be chance.
 */
export function reportLeftovers(loop: BaseEventLoop): void {
  loop[UNRETRIEVED].reportAll();
  for (const task of loop[TASKS]) {
    if (isQuiet(task)) continue;
    loop.callExceptionHandler({
      message: 'Task was destroyed but it is pending!',
      task,
      ...tracebackOf(task),
    });
  }
}
