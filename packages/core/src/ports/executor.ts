/** The loop's port to a pool of threads. Python: concurrent.futures.Executor. */
export interface Executor {
  /**
   * Starts `fn(...args)` or queues it, at once. The executor decides which functions it can run, and throws if it
   * cannot run `fn`.
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, args: A): ExecutorJob<Awaited<R>>;
  /**
   * Refuses jobs from now on. With `wait` (the default) resolves when the submitted jobs are done, otherwise when the
   * threads have ended.
   */
  shutdown(options?: { wait?: boolean; cancelFutures?: boolean }): Promise<void>;
}

/** A call that an executor has accepted. Python: concurrent.futures.Future. */
export interface ExecutorJob<R> {
  /** The result of the call. Rejects with its error. */
  readonly result: Promise<R>;
  /** Cancels the job if it has not started. Returns false if it is running or done. */
  cancel(): boolean;
}
