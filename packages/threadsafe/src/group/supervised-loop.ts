import type { Readable } from 'node:stream';
import { callListener } from '../call-listener.js';
import { LoopWorker, type LoopWorkerEnd, type LoopWorkerOptions } from './loop-worker.js';
import { PeerExitedError, ThreadUnavailableError } from '../errors.js';
import type { LoopRef } from '../loop/loop-ref.js';
import type { RestartPolicy } from './restart-policy.js';
import { ThreadOutput } from '../threads/thread-output.js';

/** How a loop of a group has ended by itself: the argument of `onExit`. */
export interface LoopExit {
  /** Its index in `group.loops`. */
  readonly index: number;
  /** The name of the loop. */
  readonly name: string;
  /**
   * Its reference, through which all calls fail with PeerExitedError from now on. A loop that is restarted gets another
   * one.
   */
  readonly ref: LoopRef;
  /** The exit code of its thread. */
  readonly exitCode: number;
  /** What the thread died of, if that was thrown. */
  readonly error: Error | null;
  /** Whether a new loop is being started in its place. */
  readonly restarting: boolean;
}

/** A loop that was started in place of one that died: the argument of `onRestart`. */
export interface LoopRestart {
  /** Its index in `group.loops`. */
  readonly index: number;
  /** The name of the loop, the same as before. */
  readonly name: string;
  /** The new loop. */
  readonly ref: LoopRef;
}

/**
 * How `close()` has ended a loop.
 *
 * - 'drained': all that other threads had asked for was done, and replies were sent.
 * - 'cancelled': the time for that was over, and what was left was cancelled.
 * - 'terminated': its thread did not end in time.
 * - 'exited': it had ended before, or died meanwhile.
 */
export type LoopOutcome = 'drained' | 'cancelled' | 'terminated' | 'exited';

/** The report of `close()` on one loop. */
export interface LoopCloseReport {
  /** Its index in `group.loops`. */
  readonly index: number;
  /** The name of the loop. */
  readonly name: string;
  /** How it has ended. */
  readonly outcome: LoopOutcome;
  /**
   * Number of tasks that were cancelled, background tasks of the loop included. Null: the thread could not report it
   * any more.
   */
  readonly cancelledTasks: number | null;
  /** What the thread died of, if that was thrown. */
  readonly error: Error | null;
}

export interface SupervisedLoopOptions extends LoopWorkerOptions {
  readonly restart: RestartPolicy | null;
  readonly onExit: ((exit: LoopExit) => void) | null;
  readonly onRestart: ((restart: LoopRestart) => void) | null;
}

/** If the system gives no thread: how long until it is asked again, in ms, at first and at most. Arbitrary. */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;

/** One index of a group, and the loops that run there one after the other. */
export class SupervisedLoop {
  readonly #options: SupervisedLoopOptions;
  #worker: LoopWorker;
  /** The loop that runs here, or ran here last. A loop that is being started is not shown. */
  #ref: LoopRef;
  #closing = false;
  readonly #output: ThreadOutput;
  /** The timer after which a thread is asked for again. */
  #retry: NodeJS.Timeout | null = null;
  #retryMs = FIRST_RETRY_MS;
  #report: Promise<LoopCloseReport> | null = null;
  /** Called when a new loop runs here. */
  readonly restarted = new Set<(ref: LoopRef) => void>();

  constructor(options: SupervisedLoopOptions) {
    this.#options = options;
    this.#output = new ThreadOutput(options.thread);
    this.#worker = new LoopWorker(options, this.#output);
    this.#ref = this.#worker.ref;
    const first = this.#worker;
    // If the first loop does not start, spawn() fails as a whole.
    void first.ready.then(
      () => this.#watch(first),
      () => undefined,
    );
  }

  get ref(): LoopRef {
    return this.#ref;
  }

  get state(): LoopWorker['state'] {
    return this.#worker.state;
  }

  /** Whether its loop takes calls, as far as is known. */
  get isRunning(): boolean {
    return this.#worker.state === 'running';
  }

  /** Resolves when the first loop here runs. */
  get ready(): Promise<void> {
    return this.#worker.ready;
  }

  /** What the loops here print. Null: it was not asked for. */
  get stdout(): Readable | null {
    return this.#output.stdout;
  }

  get stderr(): Readable | null {
    return this.#output.stderr;
  }

  /** How much work its loop has for other threads. */
  outstanding(): number {
    return this.#worker.outstanding();
  }

  terminate(): Promise<LoopWorkerEnd> {
    this.#beginClosing();
    return this.#worker.terminate();
  }

  /** See LoopWorker.close(). */
  close(timeout: number, drain: number): Promise<LoopCloseReport> {
    this.#beginClosing();
    const wasOver = this.#worker.state === 'ended';
    const ended = this.#worker.close(timeout, drain);
    this.#report ??= ended.then((end) => this.#reportOf(end, wasOver));
    return this.#report;
  }

  #beginClosing(): void {
    this.#closing = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#output.end();
  }

  #reportOf(end: LoopWorkerEnd, wasOver: boolean): LoopCloseReport {
    const { index, name } = this.#options.spec;
    const outcome = wasOver ? 'exited' : outcomeOf(end);
    return { index, name, outcome, cancelledTasks: end.drained?.tasksLeft ?? null, error: end.error };
  }

  #watch(worker: LoopWorker): void {
    void worker.ended.then((end) => this.#ended(worker, end));
  }

  #ended(worker: LoopWorker, end: LoopWorkerEnd): void {
    if (this.#closing) return;
    const { restart, onExit, spec } = this.#options;
    const { index, name } = spec;
    // A missing thread is not the loop's fault: it does not count as a restart, but must not be asked for again at
    // once.
    const isRefused = end.error instanceof ThreadUnavailableError;
    const restarting = !end.closed && restart !== null && (isRefused || restart.tryRestart());
    if (!end.closed && restart !== null && !restarting) this.#warnOfGivingUp(restart);
    if (!restarting) this.#output.end();
    else if (isRefused) this.#restartLater();
    else this.#restart();
    if (onExit !== null) {
      const { exitCode, error } = end;
      callListener('onExit', onExit, { index, name, ref: worker.ref, exitCode, error, restarting });
    } else if (end.error !== null || end.exitCode !== 0) {
      // Warn, because perhaps no pending call reports it.
      process.emitWarning(
        end.error ??
          new PeerExitedError(`The thread of loop "${name}" has ended (exit code ${end.exitCode})`),
      );
    }
  }

  #restartLater(): void {
    this.#retry = setTimeout(() => this.#restart(), this.#retryMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS);
  }

  #restart(): void {
    const { onRestart, spec } = this.#options;
    const { index, name } = spec;
    const worker = new LoopWorker(this.#options, this.#output);
    this.#worker = worker;
    this.#watch(worker); // also while it starts: a failed setup counts as another death
    void worker.ready.then(
      () => {
        this.#retryMs = FIRST_RETRY_MS;
        if (this.#closing) return;
        this.#ref = worker.ref;
        for (const listener of this.restarted) listener(worker.ref);
        if (onRestart !== null) callListener('onRestart', onRestart, { index, name, ref: worker.ref });
      },
      () => undefined, // #watch() handles its end
    );
  }

  #warnOfGivingUp({ maxRestarts, within }: RestartPolicy): void {
    process.emitWarning(
      `Loop "${this.#options.spec.name}" has died again after ${maxRestarts} restarts within ${within} s, and is given up`,
      { type: 'LoopGroupWarning', code: 'RINGLOOP_RESTARTS_EXHAUSTED' },
    );
  }
}

function outcomeOf(end: LoopWorkerEnd): LoopOutcome {
  if (end.terminated) return 'terminated';
  if (!end.closed || end.drained === null) return 'exited';
  return end.drained.inTime ? 'drained' : 'cancelled';
}
