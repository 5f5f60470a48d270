import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createRequire } from 'node:module';
import type { Readable } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import { LONGEST_TIMER_MS, toError } from '@ringloop/core/internal';
import { watchWorker } from '@ringloop/threadsafe';
import { loadedByRequire, ownFile, ThreadOutput, threadUnavailable } from '@ringloop/threadsafe/internal';
import type { Piscina } from 'piscina';
import type { JobOutcome, JobRequest } from './job-message.js';
import type { CheckedOptions } from './piscina-executor-options.js';
import { TaskQueue } from './task-queue.js';

/** The outcome of a job. `unstarted` says why there was no thread for it: the job has not run then. */
export type RunOutcome = JobOutcome | { readonly unstarted: Error };

type Pool = Piscina<JobRequest, JobOutcome>;

const require = createRequire(import.meta.url);

/**
 * Piscina, and what it leaves to its users: the threads are started at the first job, and the pool goes on when one
 * ends.
 *
 * Piscina starts a thread whenever it has too few, even while it handles a message or the end of another thread. If the
 * system provides none, this throws, and an exception thrown there ends the process. So Piscina may start threads only
 * within `run()`, where we can catch the exception: at all other times its `maxThreads` is 0.
 */
export class ThreadPool {
  readonly #options: CheckedOptions;
  readonly #output: ThreadOutput;
  readonly #known = new WeakSet<Worker>();
  #piscina: Pool | null = null;
  #queue = new TaskQueue();
  /** The error that ended a thread which ran no job. */
  #lastError: Error | null = null;
  /** For each Piscina that we gave up: the error that failed its jobs without a thread. */
  readonly #strandedBy = new WeakMap<object, Error>();

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#output = new ThreadOutput(options.thread);
  }

  get threads(): number {
    return this.#piscina?.threads.length ?? 0;
  }

  /** The standard output of the threads, if the options ask for it. */
  get stdout(): Readable | null {
    return this.#output.stdout;
  }

  get stderr(): Readable | null {
    return this.#output.stderr;
  }

  /** Runs a job in a thread. Rejects only when the thread ends before it answers. */
  async run(request: JobRequest): Promise<RunOutcome> {
    const given = this.#give(request);
    if ('unstarted' in given) return given;
    try {
      return await given.answer;
    } catch (thrown) {
      const reason = this.#strandedBy.get(given.piscina) ?? thrown;
      const unstarted = unavailable(reason);
      if (unstarted !== null) return { unstarted };
      throw reason;
    }
  }

  /** Ends the threads, whatever they do. The jobs in them reject before this resolves. */
  async destroy(): Promise<void> {
    await this.#piscina?.destroy();
    this.#output.end();
  }

  #give(request: JobRequest): { piscina: Pool; answer: Promise<JobOutcome> } | { unstarted: Error } {
    try {
      const piscina = (this.#piscina ??= this.#create());
      piscina.options.maxThreads = this.#options.maxThreads;
      try {
        return { piscina, answer: piscina.run(request) };
      } catch (thrown) {
        this.#queue.takeBackYoungest();
        throw thrown;
      } finally {
        piscina.options.maxThreads = 0;
        this.#watchAll(piscina.threads);
      }
    } catch (thrown) {
      return { unstarted: unavailable(thrown) ?? toError(thrown) };
    }
  }

  #create(): Pool {
    const { maxThreads, minThreads, idleTimeout, thread } = this.#options;
    const idleMs = idleTimeout * 1000;
    this.#queue = new TaskQueue();
    const filename = ownFile(new URL(loadedByRequire ? './run-job.js' : './bridge.js', import.meta.url)).href;
    // Loaded here, because most threads import this package and have no pool: a sixth of their start goes into Piscina.
    const { Piscina } = require('piscina') as typeof import('piscina');
    const piscina = endingOnFailure(
      () =>
        new Piscina<JobRequest, JobOutcome>({
          filename,
          name: 'runJob',
          maxThreads,
          minThreads,
          idleTimeout: idleMs > LONGEST_TIMER_MS ? Infinity : idleMs,
          // 'sync' blocks idle threads and with them the timers of their modules; 'async' leaves waiters behind and is
          // no faster here.
          atomics: 'disabled',
          recordTiming: false,
          taskQueue: this.#queue,
          ...thread.worker,
        }),
    );
    piscina.on('error', (thrown: unknown) => (this.#lastError = toError(thrown)));
    piscina.on('workerDestroy', () => {
      piscina.options.minThreads = 0; // otherwise it would start another thread right now
      queueMicrotask(() => {
        piscina.options.minThreads = minThreads; // idle threads up to this number stay
        this.#threadEnded(piscina);
      });
    });
    return piscina;
  }

  /**
   * When a thread ends before it is ready, Piscina starts no new one for the job that waited for it: the job would wait
   * forever. So such jobs fail, and the next ones get a new Piscina.
   */
  #threadEnded(piscina: Pool): void {
    const error = this.#lastError;
    this.#lastError = null;
    if (piscina === this.#piscina && piscina.threads.length === 0 && piscina.queueSize > 0) {
      if (error !== null) this.#strandedBy.set(piscina, error);
      this.#piscina = null;
      void piscina.destroy();
    } else if (error !== null) {
      // The job that left this error behind has its result already: only a warning can report the error.
      process.emitWarning(error);
    }
  }

  /** Call it right after threads were started. */
  #watchAll(workers: readonly Worker[]): void {
    for (const worker of workers) {
      if (this.#known.has(worker) || worker.threadId <= 0) continue; // watched already, or ended
      this.#known.add(worker);
      watchWorker(worker); // tells all threads when it ends, so that no lock stays with a terminated thread
      this.#output.take(worker);
    }
  }
}

/** Calls `start`, which starts threads. If one cannot be started, ends those before it, which nobody else knows. */
function endingOnFailure<T>(start: () => T): T {
  const started: Worker[] = [];
  const hear = (message: unknown): void => void started.push((message as { worker: Worker }).worker); // by its docs
  subscribe('worker_threads', hear);
  try {
    return start();
  } catch (thrown) {
    for (const worker of started) void worker.terminate();
    throw thrown;
  } finally {
    unsubscribe('worker_threads', hear);
  }
}

function unavailable(thrown: unknown): Error | null {
  return threadUnavailable(thrown, 'Cannot start a thread of the executor');
}
