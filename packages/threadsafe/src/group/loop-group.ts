import { availableParallelism } from 'node:os';
import type { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { type Awaitable, type BaseEventLoop, type LoopPorts, LoopStateError } from '@ringloop/core';
import { awaitableOf, checkTime, rangeError, startFunction, typeError } from '@ringloop/core/internal';
import { PeerExitedError } from '../errors.js';
import { checkWakeUp, type WakeUp } from '../inbox/eventfd-wakeup.js';
import { SupervisedLoop, type LoopCloseReport, type LoopExit, type LoopRestart } from './supervised-loop.js';
import { refuseWhileImporting } from '../references/import-module.js';
import type { LoopRef, RemoteCallback } from '../loop/loop-ref.js';
import { checkPreload, type Preload } from '../references/preload.js';
import { type RemoteFunction, remoteIdOf } from '../references/remote.js';
import { type RestartOptions, restartPolicy } from './restart-policy.js';
import { isUnreachable } from '../calls/retry-send.js';
import { GroupPorts } from './group-ports.js';
import type { LoopSpec } from './loop-spec.js';
import { checkSpin } from '../loop/spinning.js';
import { checkStartLimits, refuseIfOver, type StartLimits, startWithin } from './start-limits.js';
import { checkThreadOptions, type ThreadOptions } from '../threads/thread-options.js';
import type { ThreadsafeHandle } from '../calls/threadsafe-handle.js';

/** Makes the loop of a worker thread, on the ports given. */
export type LoopFactory = RemoteFunction<[ports: LoopPorts], BaseEventLoop>;

/** Prepares a loop: a coroutine of any kind, or a plain function, made by `remote()`. */
export type LoopSetup = RemoteFunction<[index: number]> | RemoteFunction<[]>;

/** Options of `LoopGroup.spawn()`. */
export interface LoopGroupOptions extends ThreadOptions, StartLimits {
  /**
   * Number of loops, each in a worker thread of its own, from 1 to 32. By default the number of cores, but at most 32.
   */
  readonly loops?: number;
  /** The loops are called name-0, name-1, …; 'loop' by default. */
  readonly name?: string;
  /** Debug mode of every loop. */
  readonly debug?: boolean;
  /**
   * How long every loop looks for more calls after a call before it sleeps, in seconds; 0 by default. See `EventLoop`.
   */
  readonly spin?: number;
  /** How the threads of the group are woken; by default in the fastest available way. See `EventLoop`. */
  readonly wakeup?: WakeUp;
  /**
   * Modules that every worker imports, in order, before its loop is made: absolute URLs, or functions that are in these
   * modules. The first call of such a function then need not wait for the import. If an import fails, `spawn()` rejects
   * with PeerExitedError, whose cause is the RemoteFunctionError.
   */
  readonly preload?: readonly Preload[];
  /**
   * Called in every loop, as a task, with the loop's index in the group. The loop counts as running when the task is
   * done. If the task fails, `spawn()` fails too.
   */
  readonly setup?: LoopSetup;
  /**
   * Whether a loop that dies is replaced by a new one: after an uncaught error, after it has run out of memory, after
   * `process.exit()`, or when its thread was terminated. A loop that was stopped by `loop.stop()` is not replaced.
   * False by default. If the system gives no thread for the new loop, that is reported as another death, with
   * ThreadUnavailableError. Then it is tried again after 0.1 s, and after twice as long each time, up to 5 s.
   */
  readonly restart?: boolean | RestartOptions;
  /**
   * Called when a loop has ended, unless `close()` has ended it. Without it, deaths are reported as warnings of the
   * process.
   */
  readonly onExit?: (exit: LoopExit) => void;
  /** Called when a new loop runs in place of one that died. */
  readonly onRestart?: (restart: LoopRestart) => void;
}

/** The ports of a group. The umbrella package fills these in. */
export interface LoopGroupPorts {
  readonly loopFactory: LoopFactory;
  /** Called before a thread is terminated while its loop may be in the middle of something. */
  readonly beforeTerminate?: (threadId: number) => void;
}

/** Options of `LoopGroup.close()`, in seconds. */
export interface LoopGroupCloseOptions {
  /** After this time, threads that have not ended are terminated; 10 by default. `Infinity`: never. */
  readonly timeout?: number;
  /**
   * After this time, work that other threads have asked for and still wait for is cancelled; half of `timeout` by
   * default.
   */
  readonly drain?: number;
}

/**
 * The most loops in a group. An inbox has 64 lanes: 31 for the other loops; 31 more while loops that have died are
 * replaced, but their lanes are not read to the end; one for the spawner; and one to spare.
 */
const MOST_LOOPS = 32;

/** Seconds that `close()` gives the loops by default. */
const CLOSE_TIMEOUT = 10;

/** Loops in worker threads, spawned and closed together. */
export class LoopGroup implements AsyncDisposable, Iterable<LoopRef> {
  readonly #loops: readonly SupervisedLoop[];
  #next = 0;
  #isClosing = false;

  protected constructor(supervised: readonly SupervisedLoop[]) {
    this.#loops = supervised;
  }

  /**
   * Starts the workers, and resolves when every loop runs and is set up. If one loop fails to start, the others are
   * ended, and this rejects with what its setup threw, with PeerExitedError, or with ThreadUnavailableError if the
   * system gives no thread. If an option is invalid, it rejects with TypeError ERR_INVALID_ARG_TYPE or
   * ERR_INVALID_ARG_VALUE, RangeError ERR_OUT_OF_RANGE, RemoteFunctionError, or Node's ERR_WORKER_INVALID_EXEC_ARGV. If
   * it is cancelled, aborted by `signal`, or takes longer than `timeout`, it ends the workers before it throws.
   */
  static spawn(options: LoopGroupOptions & LoopGroupPorts): Awaitable<LoopGroup> {
    return startFunction(async () => new this(await startLoops(options)), {
      discard: (group) => {
        for (const loop of group.#loops) void loop.terminate();
      },
    });
  }

  /** The loops, in order. Loops that have ended are included. For a loop that was restarted, this is the latest one. */
  get loops(): readonly LoopRef[] {
    return this.#loops.map((loop) => loop.ref);
  }

  /** Number of loops, including those that have ended. */
  get size(): number {
    return this.#loops.length;
  }

  /** The loops, in order, as `loops` gives them. */
  [Symbol.iterator](): Iterator<LoopRef> {
    return this.loops[Symbol.iterator]();
  }

  /** The loop at an index. @throws {RangeError} ERR_OUT_OF_RANGE when there is none */
  loop(index: number): LoopRef {
    return this.#loopAt(index).ref;
  }

  /**
   * Returns one loop after the other, in turn. Loops that have ended are skipped.
   * @throws {LoopStateError} ERR_LOOP_CLOSED after `close()`
   * @throws {PeerExitedError} when all loops have died
   */
  next(): LoopRef {
    for (let left = this.size; left > 0; left--) {
      const loop = this.#loops[this.#next++ % this.#loops.length];
      if (loop?.isRunning === true) return loop.ref;
    }
    throw this.#noLoop();
  }

  /**
   * Returns the loop with the least work for other threads: bytes of calls that it has not run, and tasks that it has
   * not replied to. If several have equally little, it returns them in turn. It reads this from shared memory: no loop
   * is asked or woken, and what this thread has just sent counts already. Other work of a loop, such as its timers and
   * sockets, is not seen.
   * @throws {LoopStateError} ERR_LOOP_CLOSED after `close()`
   * @throws {PeerExitedError} when all loops have died
   */
  leastBusy(): LoopRef {
    let best: SupervisedLoop | null = null;
    let least = Infinity;
    const { length } = this.#loops;
    const first = this.#next++ % length;
    for (let i = 0; i < length; i++) {
      const loop = this.#loops[(first + i) % length];
      if (loop?.isRunning !== true) continue;
      const outstanding = loop.outstanding();
      if (outstanding >= least) continue;
      best = loop;
      least = outstanding;
    }
    if (best === null) throw this.#noLoop();
    return best.ref;
  }

  /**
   * Calls `fn(...args)` in every loop, and returns a handle for each call, in the order of the loops. Loops that have
   * ended are left out. If one loop refuses the call, the others get it nevertheless, and then its error is thrown. If
   * all refuse, because of `fn` or an argument, nothing was called. Throws as `LoopRef.callSoonThreadsafe()` does.
   */
  broadcast<A extends unknown[]>(fn: RemoteCallback<A>, ...args: A): ThreadsafeHandle[] {
    const handles: ThreadsafeHandle[] = [];
    let refused: { readonly reason: unknown } | null = null;
    for (const loop of this.#loops) {
      if (!loop.isRunning) continue;
      try {
        handles.push(loop.ref.callSoonThreadsafe(fn, ...args));
      } catch (reason) {
        if (!isUnreachable(reason)) refused ??= { reason }; // its loop has stopped, and its thread is about to end
      }
    }
    if (refused !== null) throw refused.reason;
    return handles;
  }

  /**
   * Ends the loops. Resolves when all threads have ended, with a report of how each has ended. In three steps:
   *
   * 1. No more calls are accepted. Accepted calls run, and tasks that other threads wait for may finish.
   * 2. When they have finished, or after `drain` seconds, all tasks are cancelled, background tasks too, and the
   *    loop is closed as `run()` closes its own.
   * 3. A thread that has not ended after `timeout` seconds is terminated. Calls that were pending there reject with
   *    PeerExitedError.
   *
   * It can be called again, with a shorter time to hurry; each call resolves with the same report. Rejects with
   * TypeError or RangeError if an option is invalid. If it is cancelled, the loops are ended all the same, but not
   * waited for.
   */
  close(options: LoopGroupCloseOptions = {}): Awaitable<readonly LoopCloseReport[]> {
    return awaitableOf(this.#close(options));
  }

  async #close(options: LoopGroupCloseOptions): Promise<readonly LoopCloseReport[]> {
    if (typeof options !== 'object' || (options as object | null) === null) {
      throw typeError(`options must be an object, got ${inspect(options)}`);
    }
    const { timeout = CLOSE_TIMEOUT, drain = timeout / 2 } = options;
    checkDuration(timeout, 'timeout');
    checkDuration(drain, 'drain');
    this.#isClosing = true;
    return Promise.all(this.#loops.map((loop) => loop.close(timeout, drain)));
  }

  /**
   * Calls `listener` with each new loop that runs in place of one that died. It throws nothing. @internal
   * @returns a function that ends it
   */
  whenRestarted(listener: (ref: LoopRef) => void): () => void {
    for (const loop of this.#loops) loop.restarted.add(listener);
    return () => {
      for (const loop of this.#loops) loop.restarted.delete(listener);
    };
  }

  /** Whether `close()` was called. @internal */
  get isClosing(): boolean {
    return this.#isClosing;
  }

  /**
   * What the loop at an index prints, including what earlier loops at that index have printed. It ends when no other
   * loop will follow. Null unless the group was spawned with `stdout: true`. Output is kept until it is read.
   * @throws {RangeError} ERR_OUT_OF_RANGE when there is no such index
   */
  stdout(index: number): Readable | null {
    return this.#loopAt(index).stdout;
  }

  /**
   * As `stdout()`, for standard error and the option `stderr`.
   * @throws {RangeError} ERR_OUT_OF_RANGE when there is no such index
   */
  stderr(index: number): Readable | null {
    return this.#loopAt(index).stderr;
  }

  /** Called at the end of `await using`: as `close()`, with its defaults. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<LoopGroup ${this.#loops.map((loop) => `${loop.ref.name}=${loop.state}`).join(' ')}>`;
  }

  #loopAt(index: number): SupervisedLoop {
    const loop = this.#loops[index];
    if (loop !== undefined) return loop;
    throw rangeError(`index must be an integer from 0 to ${this.size - 1}, got ${inspect(index)}`);
  }

  #noLoop(): Error {
    return this.#isClosing
      ? new LoopStateError('Cannot choose a loop: the group is closed', 'ERR_LOOP_CLOSED')
      : new PeerExitedError('Cannot choose a loop: all loops of the group have ended');
  }
}

/** Starts the threads of a group. If one fails, or this is cancelled, all are ended before it throws. */
async function startLoops(options: LoopGroupOptions & LoopGroupPorts): Promise<readonly SupervisedLoop[]> {
  const { loops = Math.min(availableParallelism(), MOST_LOOPS), name = 'loop', setup } = options;
  if (!Number.isInteger(loops) || loops < 1 || loops > MOST_LOOPS) {
    throw rangeError(`loops must be an integer from 1 to ${MOST_LOOPS}, got ${inspect(loops)}`);
  }
  refuseWhileImporting('spawn a group');
  if (typeof name !== 'string') throw typeError(`name must be a string, got ${inspect(name)}`);
  checkSpin(options.spin ?? 0);
  checkWakeUp(options.wakeup);
  const { debug = false } = options;
  if (typeof debug !== 'boolean') throw typeError(`debug must be a boolean, got ${inspect(debug)}`);
  checkStartLimits(options);
  const shared = {
    thread: checkThreadOptions(options),
    beforeTerminate: options.beforeTerminate ?? ((): void => undefined),
    onExit: checkListener(options.onExit, 'onExit'),
    onRestart: checkListener(options.onRestart, 'onRestart'),
    siblings: new GroupPorts(),
  };
  const spec: Omit<LoopSpec, 'name' | 'index'> = {
    spin: options.spin ?? 0,
    wakeup: options.wakeup,
    debug,
    factory: remoteIdOf(options.loopFactory),
    setup: setup === undefined ? null : remoteIdOf(setup),
    preload: checkPreload(options.preload ?? []),
  };
  refuseIfOver(options);
  const policies = Array.from({ length: loops }, () => restartPolicy(options.restart));
  const supervised = policies.map(
    (restart, index) =>
      new SupervisedLoop({ ...shared, restart, spec: { ...spec, index, name: `${name}-${index}` } }),
  );
  try {
    await startWithin(Promise.all(supervised.map((loop) => loop.ready)), options);
  } catch (thrown) {
    await Promise.all(supervised.map((loop) => loop.terminate()));
    throw thrown;
  }
  return supervised;
}

function checkDuration(seconds: unknown, parameter: string): void {
  checkTime(seconds, parameter);
  if ((seconds as number) < 0) throw rangeError(`${parameter} must not be negative, got ${inspect(seconds)}`);
}

function checkListener<F>(listener: F | undefined, parameter: string): F | null {
  if (listener === undefined) return null;
  if (typeof listener !== 'function')
    throw typeError(`${parameter} must be a function, got ${inspect(listener)}`);
  return listener;
}
