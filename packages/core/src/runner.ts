import type { AsyncResource } from 'node:async_hooks';
import { isMainThread } from 'node:worker_threads';
import type { Coroutine } from './coroutine.js';
import { peekCurrentLoop, setEventLoop } from './current-loop.js';
import { CancelledError, InvalidStateError, KeyboardInterrupt, LoopStateError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import { END_RUN, TAKES_SIGNALS } from './loop-internals.js';
import { peekRunningLoop } from './running-loop.js';
import type { Task } from './task.js';
import { windUp } from './wind-up.js';

/** Options of a Runner. */
export interface RunnerOptions<L extends BaseEventLoop = BaseEventLoop> {
  /** Debug mode of the loop. By default the loop keeps its own setting. */
  readonly debug?: boolean;
  /** Makes the loop when it is first used. Python: `loop_factory`. */
  readonly loopFactory: () => L;
}

/** Options of `Runner.run()`. */
export interface RunnerRunOptions {
  /** What AsyncLocalStorages hold in the coroutine. By default, what they hold at the call. */
  readonly context?: AsyncResource;
}

/**
 * Runs several coroutines one after the other in one loop, then ends what is left in it and closes it. Use it with
 * `await using`, or call `close()`. In the main thread Ctrl-C cancels the running coroutine, unless the process has
 * listened for SIGINT itself when the run began, or a loop of any thread has a signal handler for SIGINT. A second Ctrl-C
 * ends the run at once. Python: asyncio.Runner.
 */
export class Runner<L extends BaseEventLoop = BaseEventLoop> implements AsyncDisposable {
  readonly #options: RunnerOptions<L>;
  /** null until the first use. */
  #loop: L | null = null;
  #closed = false;

  constructor(options: RunnerOptions<L>) {
    this.#options = options;
  }

  /**
   * The loop, made at its first use. Python: Runner.get_loop().
   * @throws {InvalidStateError} when the runner is closed
   */
  getLoop(): L {
    if (this.#closed) throw new InvalidStateError('Runner is closed');
    if (this.#loop === null) {
      this.#loop = this.#options.loopFactory();
      if (this.#options.debug !== undefined) this.#loop.setDebug(this.#options.debug);
    }
    return this.#loop;
  }

  /**
   * Runs `main` to its end. Python: Runner.run(). Rejects
   * - as `main` does;
   * - with KeyboardInterrupt when Ctrl-C cancelled it;
   * - with LoopStateError ERR_LOOP_RUNNING when a loop is already running in this thread;
   * - with InvalidStateError when the runner is closed;
   * - with TypeError when `main` is neither a coroutine nor a promise.
   */
  async run<T>(main: Coroutine<T> | PromiseLike<T>, options: RunnerRunOptions = {}): Promise<T> {
    if (peekRunningLoop() !== null) {
      throw new LoopStateError('Runner.run() cannot be called from a running event loop', 'ERR_LOOP_RUNNING');
    }
    const loop = this.getLoop();
    const task = loop.createTask(main, options);
    const interrupt = new Interrupt(loop, task);
    return loop
      .runUntilComplete(task)
      .catch((thrown: unknown) => {
        const interrupted = thrown instanceof CancelledError && interrupt.count > 0 && task.uncancel() === 0;
        throw interrupted ? new KeyboardInterrupt('Interrupted by Ctrl-C', { cause: thrown }) : thrown;
      })
      .finally(() => interrupt.restore());
  }

  /**
   * Cancels the tasks that are left, shuts the default executor down and closes the loop.
   * Idempotent. Python: Runner.close().
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const loop = this.#loop;
    if (loop === null) return;
    try {
      await windUp(loop);
    } finally {
      if (peekCurrentLoop() === loop) setEventLoop(null);
    }
  }

  /** Ends an `await using` block, as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/**
 * Handles Ctrl-C while a runner runs. Only the main thread gets signals. If the process already listens for
 * SIGINT, that listener decides. As long as a loop has a signal handler for SIGINT, that decides, and when it is removed,
 * Ctrl-C cancels again: CPython, too, goes back to KeyboardInterrupt then.
 */
class Interrupt {
  count = 0;
  readonly #listen = isMainThread && process.listeners('SIGINT').every(isOfLoops);
  readonly #onSignal: () => void;

  constructor(loop: BaseEventLoop, task: Task<unknown>) {
    this.#onSignal = () => {
      if (process.listeners('SIGINT').some(isOfLoops)) return;
      this.count++;
      if (this.count > 1 || task.done()) loop[END_RUN](new KeyboardInterrupt('Interrupted by Ctrl-C'));
      else task.cancel();
    };
    if (this.#listen) process.on('SIGINT', this.#onSignal);
  }

  restore(): void {
    if (this.#listen) process.off('SIGINT', this.#onSignal);
  }
}

/** Whether a listener serves the signal handlers of loops. */
function isOfLoops(listener: object): boolean {
  return TAKES_SIGNALS in listener;
}
