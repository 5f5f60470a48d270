import type { Worker } from 'node:worker_threads';
import { toError } from '@ringloop/core/internal';
import { watchWorker } from '@ringloop/threadsafe';
import { loadedByRequire, ownFile } from '@ringloop/threadsafe/internal';
import { Piscina } from 'piscina';
import type { JobOutcome, JobRequest } from './job-message.js';
import type { CheckedOptions } from './piscina-executor-options.js';

/** Node turns longer timers into 1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Piscina, with what it leaves to its users: its threads are started at the first job, and it outlives theirs. */
export class ThreadPool {
  readonly #options: CheckedOptions;
  #piscina: Piscina<JobRequest, JobOutcome> | null = null;
  /** Why a thread ended that ran no job. */
  #lastError: Error | null = null;
  /** Why jobs failed that had no thread yet. */
  readonly #strandedBy = new WeakMap<object, Error>();

  constructor(options: CheckedOptions) {
    this.#options = options;
  }

  get threads(): number {
    return this.#piscina?.threads.length ?? 0;
  }

  /** Runs a job in a thread. Rejects only when the thread ends before it answers. */
  async run(request: JobRequest): Promise<JobOutcome> {
    const piscina = (this.#piscina ??= this.#create());
    try {
      return await piscina.run(request);
    } catch (reason) {
      throw this.#strandedBy.get(piscina) ?? reason;
    }
  }

  /** Ends the threads, whatever they do. The jobs in them reject before this resolves. */
  async destroy(): Promise<void> {
    await this.#piscina?.destroy();
  }

  #create(): Piscina<JobRequest, JobOutcome> {
    const { maxThreads, minThreads, idleTimeout, resourceLimits } = this.#options;
    const idleMs = idleTimeout * 1000;
    const piscina = new Piscina<JobRequest, JobOutcome>({
      filename: ownFile(new URL(loadedByRequire ? './run-job.js' : './bridge.js', import.meta.url)).href,
      name: 'runJob',
      maxThreads,
      minThreads,
      idleTimeout: idleMs > LONGEST_TIMER_MS ? Infinity : idleMs,
      // 'sync' blocks idle threads, timers of their modules included; 'async' leaves waiters behind, and is no faster for us.
      atomics: 'disabled',
      recordTiming: false,
      ...(resourceLimits === null ? {} : { resourceLimits }),
    });
    // Lest a lock stay with a thread that was terminated: all threads are told of its end.
    piscina.on('workerCreate', () => watchAll(piscina.threads));
    piscina.on('error', (thrown: unknown) => (this.#lastError = toError(thrown)));
    piscina.on('workerDestroy', () => queueMicrotask(() => this.#threadEnded(piscina)));
    return piscina;
  }

  /**
   * Piscina starts no new thread for a job that waited for one which ended before it was ready: the job would wait for
   * ever. Such jobs fail, and the next ones get a new Piscina.
   */
  #threadEnded(piscina: Piscina<JobRequest, JobOutcome>): void {
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
}

function watchAll(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.threadId > 0) watchWorker(worker); // the others have ended
}
