import { type Coroutine, run as runIn } from '@ringloop/core';
import { EventLoop } from './event-loop.js';

/**
 * Runs `main` in a new event loop and closes it: tasks left behind are cancelled, the default executor is shut down.
 * Python: asyncio.run(). Rejects with LoopStateError ERR_LOOP_RUNNING when a loop runs in this thread already.
 */
export function run<T>(
  main: Coroutine<T> | PromiseLike<T>,
  { debug, loopFactory = () => new EventLoop() }: { debug?: boolean; loopFactory?: () => EventLoop } = {},
): Promise<T> {
  return runIn(main, { loopFactory, ...(debug === undefined ? {} : { debug }) });
}
