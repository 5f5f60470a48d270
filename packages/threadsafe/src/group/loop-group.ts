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

/** What `LoopGroup.spawn()` can be told. */
export interface LoopGroupOptions extends ThreadOptions, StartLimits {
  /** How many loops, each in a worker thread of its own; the number of cores by default, 32 at most. */
  readonly loops?: number;
  /** The loops are called name-0, name-1, …; 'loop' by default. */
  readonly name?: string;
  /** Debug mode of every loop. */
  readonly debug?: boolean;
  /** How long every loop looks for more after a call before it sleeps, in seconds; 0 by default. See `EventLoop`. */
  readonly spin?: number;
  /** How the threads of the group are woken; by default the faster way of those there are. See `EventLoop`. */
  readonly wakeup?: WakeUp;
  /**
   * Modules that every worker imports, in order, before its loop is made: absolute URLs, or functions of theirs. The first call of a
   * function then need not wait for the import. If one fails, so does `spawn()`, with PeerExitedError whose cause is the RemoteFunctionError.
   */
  readonly preload?: readonly Preload[];
  /**
   * Called in every loop, as a task, with the loop's place in the group. The loop counts as running when it is done. If it fails,
   * so does `spawn()`.
   */
  readonly setup?: LoopSetup;
  /**
   * Whether another loop is started in the place of one that dies: by an uncaught error, for want of memory, by `process.exit()`,
   * or terminated. Not one that was stopped by `loop.stop()`. False by default. Where the system gives no thread for it, that is told
   * as another death, of ThreadUnavailableError, and it is tried again after 0.1 s, and then after twice as long each time, up to 5 s.
   */
  readonly restart?: boolean | RestartOptions;
  /** Called when a loop has ended, unless it was by `close()`. Without it, deaths are reported as warnings of the process. */
  readonly onExit?: (exit: LoopExit) => void;
  /** Called when another loop runs in the place of one that died. */
  readonly onRestart?: (restart: LoopRestart) => void;
}

/** What a group is wired to: the umbrella package fills these in. */
export interface LoopGroupPorts {
  readonly loopFactory: LoopFactory;
  /** Called before a thread is terminated while its loop may be in the middle of something. */
  readonly beforeTerminate?: (threadId: number) => void;
}

/** What `LoopGroup.close()` can be told, in seconds. */
export interface LoopGroupCloseOptions {
  /** When a thread that has not ended is terminated; 10 by default. `Infinity`: never. */
  readonly timeout?: number;
  /** How long other threads may wait for the answers to what they have asked before it is cancelled; half of `timeout` by default. */
  readonly drain?: number;
}

/**
 * Most loops in a group. An inbox has 64 lanes: 31 for the others, 31 more while those that have died are replaced and their lanes
 * not read to the end, one for the spawner, and one to spare.
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
   * Starts the workers, and resolves when every loop runs and is set up. If one fails to start, the others are ended, and this
   * rejects with what its setup threw, with PeerExitedError, or with ThreadUnavailableError where the system gives no thread. Rejects
   * with TypeError ERR_INVALID_ARG_TYPE, RangeError ERR_OUT_OF_RANGE, RemoteFunctionError, or Node's ERR_WORKER_INVALID_EXEC_ARGV, when
   * an option is none. Cancelled, aborted by `signal`, or late, it ends the workers before it throws.
   */
  static spawn(options: LoopGroupOptions & LoopGroupPorts): Awaitable<LoopGroup> {
    return startFunction(async () => new this(await startLoops(options)), {
      discard: (group) => {
        for (const loop of group.#loops) void loop.terminate();
      },
    });
  }

  /** The loops, in order; those that have ended included, and of those that were restarted the last. */
  get loops(): readonly LoopRef[] {
    return this.#loops.map((loop) => loop.ref);
  }

  /** How many loops there are, those that have ended included. */
  get size(): number {
    return this.#loops.length;
  }

  /** The loops, in order, as `loops` gives them. */
  [Symbol.iterator](): Iterator<LoopRef> {
    return this.loops[Symbol.iterator]();
  }

  /** The loop at a loop. @throws {RangeError} ERR_OUT_OF_RANGE when there is none */
  loop(index: number): LoopRef {
    return this.#loopAt(index).ref;
  }

  /**
   * One loop after the other, in turn; loops that have ended are passed over.
   * @throws {LoopStateError} ERR_LOOP_CLOSED after `close()`
   * @throws {PeerExitedError} when all have died
   */
  next(): LoopRef {
    for (let left = this.size; left > 0; left--) {
      const loop = this.#loops[this.#next++ % this.#loops.length];
      if (loop?.isRunning === true) return loop.ref;
    }
    throw this.#noLoop();
  }

  /**
   * The loop with the least to do for other threads: bytes of calls that it has not run, and tasks that it has not answered. Of
   * several it gives one after the other. What it goes by is shared memory: nobody is asked, or woken, and what this thread has just
   * sent counts already. What a loop does besides, its timers and sockets, is not seen.
   * @throws {LoopStateError} ERR_LOOP_CLOSED after `close()`
   * @throws {PeerExitedError} when all have died
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
   * Calls `fn(...args)` in every loop, and returns a handle for each call, in the order of the loops. Loops that have ended are left
   * out. If one refuses the call, the others get it nevertheless, and then its error is thrown: where they all refuse, because
   * of `fn` or an argument, nothing was called. Throws as `LoopRef.callSoonThreadsafe()` does.
   */
  broadcast<A extends unknown[]>(fn: RemoteCallback<A>, ...args: A): ThreadsafeHandle[] {
    const handles: ThreadsafeHandle[] = [];
    let refused: { readonly reason: unknown } | null = null;
    for (const loop of this.#loops) {
      if (!loop.isRunning) continue;
      try {
        handles.push(loop.ref.callSoonThreadsafe(fn, ...args));
      } catch (reason) {
        if (!isUnreachable(reason)) refused ??= { reason }; // gone: stopped by itself, its thread is about to end
      }
    }
    if (refused !== null) throw refused.reason;
    return handles;
  }

  /**
   * Ends the loops, and resolves with how each has ended, when all threads have. In three steps:
   *
   * 1. Nothing gets in any more. What got in runs, and tasks that other threads wait for may come to their end.
   * 2. When they have, or after `drain` seconds, all tasks are cancelled, background tasks too, and the loop is closed as `run()`
   *    closes its own.
   * 3. A thread that has not ended after `timeout` seconds is terminated. What was pending there rejects with PeerExitedError.
   *
   * Can be repeated, with a shorter time to hurry; each call resolves with the same report. Rejects with TypeError or RangeError when
   * an option is no time. Cancelled, it is only waited for no longer.
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
   * What the loop at a place prints, those that ran there before it included; ends when no other will. Null unless the group was
   * spawned with `stdout: true`. It is kept until it is read.
   * @throws {RangeError} ERR_OUT_OF_RANGE when there is no such place
   */
  stdout(index: number): Readable | null {
    return this.#loopAt(index).stdout;
  }

  /**
   * As `stdout()`, for standard error and the option `stderr`.
   * @throws {RangeError} ERR_OUT_OF_RANGE when there is no such place
   */
  stderr(index: number): Readable | null {
    return this.#loopAt(index).stderr;
  }

  /** The end of `await using`: as `close()`, with its defaults. */
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
      : new PeerExitedError('Cannot choose a loop: all of the group have ended');
  }
}

/** Starts the threads of a group; when one fails, or this is cancelled, none is left. */
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
  if ((seconds as number) < 0) throw rangeError(`${parameter} must not be negative, got ${inspect(seconds)}`); // a number
}

function checkListener<F>(listener: F | undefined, parameter: string): F | null {
  if (listener === undefined) return null;
  if (typeof listener !== 'function')
    throw typeError(`${parameter} must be a function, got ${inspect(listener)}`);
  return listener;
}
