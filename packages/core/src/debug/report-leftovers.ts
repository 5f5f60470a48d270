import { tracebackOf } from './creation-stack.js';
import type { BaseEventLoop } from '../event-loop.js';
import { TASKS, UNRETRIEVED } from '../loop-internals.js';
import { isQuiet } from './quiet-tasks.js';

/**
 * Reports what would get lost when the loop is closed: exceptions that were never retrieved, and tasks that never
 * ended. asyncio reports tasks when they are garbage collected. Here that would depend on chance.
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
