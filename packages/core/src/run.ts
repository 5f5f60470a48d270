import type { Coroutine } from './coroutine.js';
import { LoopStateError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { Runner, type RunnerOptions } from './runner.js';
import { peekRunningLoop } from './running-loop.js';

/** Options of `run()`: those of a Runner. */
export type RunOptions<L extends BaseEventLoop = BaseEventLoop> = RunnerOptions<L>;

/**
 * Runs `main` in a new loop, cancels the tasks it leaves behind, shuts the default executor down and closes the loop.
 * Python: asyncio.run(). Rejects as `Runner.run()` does.
 */
export async function run<T>(main: Coroutine<T> | PromiseLike<T>, options: RunOptions): Promise<T> {
  if (peekRunningLoop() !== null) {
    throw new LoopStateError('run() cannot be called from a running event loop', 'ERR_LOOP_RUNNING');
  }
  const runner = new Runner(options);
  try {
    return await runner.run(main);
  } finally {
    await runner.close();
  }
}
