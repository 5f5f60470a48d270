import { type Coroutine, run as runIn, Runner as BareRunner, setEventLoop } from '@ringloop/core';
import { refuseWhileImporting } from '@ringloop/threadsafe/internal';
import { EventLoop } from './event-loop.js';

/** How `Runner` and `run()` get their loop. */
export interface RunnerOptions {
  /** Debug mode of the loop; by default whether the environment variable RINGLOOP_DEBUG is set and not empty. */
  readonly debug?: boolean;
  /** Makes the loop; by default `newEventLoop()`, which is then the thread's current loop until the runner is closed. */
  readonly loopFactory?: () => EventLoop;
}

/** A loop for several `run()`s one after the other, see the base class. Python: asyncio.Runner. */
export class Runner extends BareRunner<EventLoop> {
  constructor(options: RunnerOptions = {}) {
    super({ loopFactory: newCurrentLoop, ...options });
  }
}

/** A new event loop with everything. Python: asyncio.new_event_loop(). */
export function newEventLoop(): EventLoop {
  return new EventLoop();
}

/**
 * Runs `main` in a new event loop and closes it: tasks left behind are cancelled, the default executor is shut down.
 * Python: asyncio.run(). Rejects as `main` does, and with LoopStateError ERR_LOOP_RUNNING when a loop runs in this thread already.
 * @throws {RemoteFunctionError} at once, when the module that calls it is just being imported for another thread: it is a
 * main program, and was to be imported for a function of it
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
