/**
 * Jobs wait in a queue of our own, and Piscina gets only as many of them as it has threads. So a job is either in our
 * queue, where it can be cancelled, or given to a thread, where it cannot. Piscina's own queue is not enough: Piscina
 * takes a job back only by an abort signal, which ends the thread if the job is already running, and it does not tell
 * whether it was. (A job that waits for its thread to start counts as running.)
 */
import type { Readable } from 'node:stream';
import { inspect, types } from 'node:util';
import { type Executor, type ExecutorJob, LoopStateError } from '@ringloop/core';
import { promiseWithResolvers, type PromiseWithResolvers } from '@ringloop/core/internal';
import { PeerExitedError } from '@ringloop/threadsafe';
import { refuseWhileImporting, remoteIdOf } from '@ringloop/threadsafe/internal';
import { ExecutorFullError } from './errors.js';
import { Job } from './job.js';
import { packArguments } from './job-message.js';
import { JobQueue } from './job-queue.js';
import {
  type CheckedOptions,
  checkOptions,
  type PiscinaExecutorOptions,
} from './piscina-executor-options.js';
import { ThreadPool } from './thread-pool.js';

/** The state only moves to the right. finishing: waits for jobs. ended: has told its threads to end. */
type ExecutorState = 'open' | 'finishing' | 'ended';

/**
 * Runs remote functions in a pool of threads. The threads are started when there are jobs for them; idle ones do not
 * keep the process alive. Python: concurrent.futures.ThreadPoolExecutor.
 */
export class PiscinaExecutor implements Executor {
  readonly #options: CheckedOptions;
  readonly #pool: ThreadPool;
  readonly #queue = new JobQueue();
  readonly #running = new Set<Job>();
  readonly #threadsGone: PromiseWithResolvers<void> = promiseWithResolvers();
  #state: ExecutorState = 'open';
  #submitted = 0;
  #completed = 0;

  /**
   * @throws {TypeError} when an option has the wrong type
   * @throws {RangeError} when an option is out of range
   */
  constructor(options: PiscinaExecutorOptions = {}) {
    this.#options = checkOptions(options);
    this.#pool = new ThreadPool(this.#options);
  }

  /** Jobs accepted so far. */
  get submitted(): number {
    return this.#submitted;
  }

  /** Jobs that have run so far, including those that failed, but not those that were cancelled. */
  get completed(): number {
    return this.#completed;
  }

  /**
   * The standard output of all threads as one stream, which ends when the executor was shut down. Output is kept until
   * it is read. Null unless the executor was made with `stdout: true`.
   */
  get stdout(): Readable | null {
    return this.#pool.stdout;
  }

  /** Like `stdout`, for standard error and the option `stderr`. */
  get stderr(): Readable | null {
    return this.#pool.stderr;
  }

  /**
   * Runs `fn(...args)` in a thread, or queues it until a thread is free. The arguments are copied at once. The result
   * rejects with what the function throws, with CloneError when its result cannot be sent, and with PeerExitedError
   * when its thread ends. If no thread can be started, the function has not run: the result then rejects with
   * ThreadUnavailableError when the system provides no thread, or with Node's error, such as
   * ERR_WORKER_INVALID_EXEC_ARGV. Everything that the function prints has been printed when the result arrives. Python:
   * Executor.submit().
   * @param fn a function made by `remote()` or `remoteModule()`; may be async
   * @throws {RemoteFunctionError} when `fn` is another function
   * @throws {CloneError} naming the argument that cannot be sent
   * @throws {LoopStateError} ERR_EXECUTOR_SHUTDOWN
   * @throws {ExecutorFullError} when `maxQueue` jobs wait
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, args: A): ExecutorJob<Awaited<R>> {
    const id = remoteIdOf(fn);
    refuseWhileImporting(`submit ${id.name}()`);
    if (this.#state !== 'open') {
      throw new LoopStateError('Cannot schedule new futures after shutdown', 'ERR_EXECUTOR_SHUTDOWN');
    }
    const busy = this.#running.size >= this.#options.maxThreads;
    if (busy && this.#queue.length >= this.#options.maxQueue) {
      throw new ExecutorFullError(`Cannot submit ${id.name}(): ${this.#queue.length} jobs wait already`);
    }
    const job = new Job({ ...id, args: packArguments(args, id.name) }, () => this.#queue.cancelled());
    this.#submitted++;
    if (busy) this.#queue.push(job);
    else void this.#run(job);
    return job as ExecutorJob<Awaited<R>>; // what the function returns is what its thread answers
  }

  /**
   * Accepts no more jobs and ends the threads. With `wait` (the default), it first waits for all submitted jobs.
   * Without it, the threads end at once: jobs in the queue reject with CancelledError, running ones with
   * PeerExitedError. `cancelFutures` cancels the jobs in the queue in either case. Resolves when the threads have
   * ended. It can be called again: all calls resolve together, and a later call without `wait` ends the waiting.
   * Python: Executor.shutdown().
   */
  shutdown({
    wait = true,
    cancelFutures = false,
  }: { wait?: boolean; cancelFutures?: boolean } = {}): Promise<void> {
    if (this.#state === 'open') this.#state = 'finishing';
    if (cancelFutures || !wait) this.#queue.cancelAll();
    if (!wait) for (const job of this.#running) job.needNotBeHeard();
    if (!wait || this.#running.size === 0) this.#endThreads();
    return this.#threadsGone.promise;
  }

  /** Called at the end of `await using`: waits for all jobs. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const counts = `threads=${this.#pool.threads} running=${this.#running.size} queued=${this.#queue.length}`;
    return `<PiscinaExecutor ${this.#state} ${counts}>`;
  }

  async #run(job: Job): Promise<void> {
    this.#running.add(job);
    const [answer] = await Promise.allSettled([this.#pool.run(job.start())]);
    this.#running.delete(job);
    const unstarted = answer.status === 'fulfilled' && 'unstarted' in answer.value;
    if (!unstarted) this.#completed++;
    if (answer.status === 'rejected') job.fail(this.#threadEnded(job, answer.reason));
    else if ('unstarted' in answer.value) job.fail(answer.value.unstarted);
    else job.finish(answer.value);
    this.#startNext();
  }

  #threadEnded(job: Job, cause: unknown): PeerExitedError {
    const why = this.#state === 'ended' ? 'the executor was shut down' : 'its thread ended';
    const detail = types.isNativeError(cause) ? cause.message : inspect(cause);
    return new PeerExitedError(`Cannot finish ${job.name}(): ${why} (${detail})`, { cause });
  }

  #startNext(): void {
    const next = this.#queue.shift();
    if (next !== null) void this.#run(next);
    else if (this.#state === 'finishing' && this.#running.size === 0) this.#endThreads();
  }

  #endThreads(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#threadsGone.resolve(this.#pool.destroy());
  }
}
