import { type Coroutine, run as runIn, Runner as BareRunner, setEventLoop } from '@ringloop/core';
import { refuseWhileImporting } from '@ringloop/threadsafe/internal';
import { EventLoop } from './event-loop.js';

/** Options of `Runner` and `run()`. */
export interface RunnerOptions {
  /** Debug mode of the loop. By default it is on if the environment variable RINGLOOP_DEBUG is set and not empty. */
  readonly debug?: boolean;
  /**
   * Makes the loop. The default is `newEventLoop()`; the new loop is then the thread's current loop until the runner is
   * closed.
   */
  readonly loopFactory?: () => EventLoop;
}

/** Calls `run()` several times in one loop, see the base class. Python: asyncio.Runner. */
export class Runner extends BareRunner<EventLoop> {
  constructor(options: RunnerOptions = {}) {
    super({ loopFactory: newCurrentLoop, ...options });
  }
}

/** Makes an EventLoop with the default options. Python: asyncio.new_event_loop(). */
export function newEventLoop(): EventLoop {
  return new EventLoop();
}

/**
 * Runs `main` in a new event loop and closes the loop: tasks left behind are cancelled, the default executor is shut
 * down. Python: asyncio.run(). Rejects as `main` does, and with LoopStateError ERR_LOOP_RUNNING when a loop runs in
 * this thread already.
 * @throws {RemoteFunctionError} at once, when the calling module is just being imported for another thread: the module
 * is a main program, and that thread imports it only for one of its functions
 */
export function run<T>(main: Coroutine<T> | PromiseLike<T>, options: RunnerOptions = {}): Promise<T> {
  refuseWhileImporting('run a main program');
  return runIn(main, { loopFactory: newCurrentLoop, ...options });
}

function newCurrentLoop(): EventLoop {
  const loop = newEventLoop();
  setEventLoop(loop);
  return loop;
}
