/** The loop's port to a pool of threads. Python: concurrent.futures.Executor. */
export interface Executor {
  /** Starts or queues `fn(...args)` at once. Which functions can be run elsewhere is the executor's to say, by throwing. */
  submit<A extends unknown[], R>(fn: (...args: A) => R, args: A): ExecutorJob<Awaited<R>>;
  /** Takes no more jobs. With `wait` (the default) resolves when those submitted are done, else when the threads are gone. */
  shutdown(options?: { wait?: boolean; cancelFutures?: boolean }): Promise<void>;
}

/** A call that an executor has taken. Python: concurrent.futures.Future. */
export interface ExecutorJob<R> {
  /** What the call returns; rejects with its error. */
  readonly result: Promise<R>;
  /** Takes the job back. False: it runs already, or is done. */
  cancel(): boolean;
}
