import { CancelledError, type ExecutorJob, InternalError } from '@ringloop/core';
import { promiseWithResolvers } from '@ringloop/core/internal';
import { unpack } from '@ringloop/threadsafe/internal';
import type { JobOutcome, JobRequest } from './job-message.js';

type JobState = 'queued' | 'running' | 'done' | 'cancelled';

const NEXT: Record<JobState, readonly JobState[]> = {
  queued: ['running', 'cancelled'],
  running: ['done'],
  done: [],
  cancelled: [],
};

/** One call, from `submit()` to its result. */
export class Job implements ExecutorJob<unknown> {
  readonly name: string;
  readonly #result = promiseWithResolvers<unknown>();
  readonly #onCancelled: () => void;
  #state: JobState = 'queued';
  /** Null once the job has started or was cancelled: the arguments may be large, so they are not kept. */
  #request: JobRequest | null;

  constructor(request: JobRequest, onCancelled: () => void) {
    this.name = request.name;
    this.#request = request;
    this.#onCancelled = onCancelled;
  }

  get result(): Promise<unknown> {
    return this.#result.promise;
  }

  get queued(): boolean {
    return this.#state === 'queued';
  }

  /** Cancels the job if it has not started; its result then rejects with CancelledError. Returns whether it did. */
  cancel(): boolean {
    if (!this.queued) return false;
    this.#become('cancelled');
    this.#request = null;
    this.needNotBeHeard();
    this.#result.reject(new CancelledError(`${this.name}() was cancelled before it started`));
    this.#onCancelled();
    return true;
  }

  start(): JobRequest {
    this.#become('running');
    const request = this.#request;
    if (request === null) throw new InternalError(`Job ${this.name}() has no request`);
    this.#request = null;
    return request;
  }

  finish(outcome: JobOutcome): void {
    this.#become('done');
    try {
      if ('ok' in outcome) this.#result.resolve(unpack(outcome.ok));
      else this.#result.reject(unpack(outcome.error));
    } catch (thrown) {
      this.#result.reject(thrown); // for example, a class that is not known here
    }
  }

  fail(reason: Error): void {
    this.#become('done');
    this.#result.reject(reason);
  }

  /**
   * Prevents an unhandled rejection: the result rejects because the caller cancelled the job or shut the executor down,
   * so the caller need not listen for it.
   */
  needNotBeHeard(): void {
    this.#result.promise.catch(() => undefined);
  }

  #become(state: JobState): void {
    if (!NEXT[this.#state].includes(state))
      throw new InternalError(`Job ${this.name}() went from ${this.#state} to ${state}`);
    this.#state = state;
  }
}
