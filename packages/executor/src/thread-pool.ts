import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Readable } from 'node:stream';
import type { Worker } from 'node:worker_threads';
import { toError } from '@ringloop/core/internal';
import { watchWorker } from '@ringloop/threadsafe';
import { loadedByRequire, ownFile, ThreadOutput, threadUnavailable } from '@ringloop/threadsafe/internal';
import { Piscina } from 'piscina';
import type { JobOutcome, JobRequest } from './job-message.js';
import type { CheckedOptions } from './piscina-executor-options.js';
import { TaskQueue } from './task-queue.js';

/** Node turns longer timers into 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What has come of a job: `unstarted` says why there was no thread for it. It has not run then. */
export type RunOutcome = JobOutcome | { readonly unstarted: Error };

type Pool = Piscina<JobRequest, JobOutcome>;

/**
 * Piscina, with what it leaves to its users: its threads are started at the first job, and it outlives theirs.
 *
 * Piscina starts a thread wherever it misses one, also where it handles the message or the end of another. Where the system gives none,
 * that throws, and what is thrown in such a place ends the process. So it starts them only within `run()`, where we can catch it:
 * elsewhere it is told that it has as many as it may have.
 */
export class ThreadPool {
  readonly #options: CheckedOptions;
  readonly #output: ThreadOutput;
  readonly #known = new WeakSet<Worker>();
  #piscina: Pool | null = null;
  #queue = new TaskQueue();
  /** Why a thread ended that ran no job. */
  #lastError: Error | null = null;
  /** Why jobs failed that had no thread yet. */
  readonly #strandedBy = new WeakMap<object, Error>();

  constructor(options: CheckedOptions) {
    this.#options = options;
    this.#output = new ThreadOutput(options.thread);
  }

  get threads(): number {
    return this.#piscina?.threads.length ?? 0;
  }

  /** What the threads print, where it was asked for. */
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
    const piscina = endingOnFailure(
      () =>
        new Piscina<JobRequest, JobOutcome>({
          filename,
          name: 'runJob',
          maxThreads,
          minThreads,
          idleTimeout: idleMs > LONGEST_TIMER_MS ? Infinity : idleMs,
          // 'sync' blocks idle threads, timers of their modules included; 'async' leaves waiters behind, and is no faster for us.
          atomics: 'disabled',
          recordTiming: false,
          taskQueue: this.#queue,
          ...thread.worker,
        }),
    );
    piscina.on('error', (thrown: unknown) => (this.#lastError = toError(thrown)));
    piscina.on('workerDestroy', () => {
      piscina.options.minThreads = 0; // it would start another one right now
      queueMicrotask(() => {
        piscina.options.minThreads = minThreads; // those are not ended for idleness
        this.#threadEnded(piscina);
      });
    });
    return piscina;
  }

  /**
   * Piscina starts no new thread for a job that waited for one which ended before it was ready: the job would wait for
   * ever. Such jobs fail, and the next ones get a new Piscina.
   */
  #threadEnded(piscina: Pool): void {
    const error = this.#lastError;
    this.#lastError = null;
    if (piscina === this.#piscina && piscina.threads.length === 0 && piscina.queueSize > 0) {
      if (error !== null) this.#strandedBy.set(piscina, error);
      this.#piscina = null;
      void piscina.destroy();
    } else if (error !== null) {
      // Whoever submitted the job that left this behind has its result already: nobody else can be told.
      process.emitWarning(error);
    }
  }

  /** Right after they were started. */
  #watchAll(workers: readonly Worker[]): void {
    for (const worker of workers) {
      if (this.#known.has(worker) || worker.threadId <= 0) continue; // the others have ended
      this.#known.add(worker);
      watchWorker(worker); // lest a lock stay with a thread that was terminated: all threads are told of its end
      this.#output.take(worker);
    }
  }
}

/** Calls what starts threads. If one cannot be started, those before it, which nobody knows, are ended. */
function endingOnFailure<T>(start: () => T): T {
  const started: Worker[] = [];
  const hear = (message: unknown): void => void started.push((message as { worker: Worker }).worker); // as Node documents
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
