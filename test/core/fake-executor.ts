import type { Executor, ExecutorJob } from '@ringloop/core';

interface FakeJob {
  readonly fn: (...args: never[]) => unknown;
  readonly args: unknown[];
  readonly finish: (value: unknown) => void;
  readonly fail: (reason: unknown) => void;
  cancelled: boolean;
}

/** An executor whose jobs end when the test says so. */
export class FakeExecutor implements Executor {
  readonly jobs: FakeJob[] = [];
  readonly shutdowns: { wait?: boolean; cancelFutures?: boolean }[] = [];

  submit<A extends unknown[], R>(fn: (...args: A) => R, args: A): ExecutorJob<Awaited<R>> {
    let finish!: (value: unknown) => void; // both are set before the constructor returns
    let fail!: (reason: unknown) => void;
    const result = new Promise<unknown>((resolve, reject) => {
      finish = resolve;
      fail = reject;
    });
    const job: FakeJob = { fn, args, finish, fail, cancelled: false };
    this.jobs.push(job);
    return {
      result: result as Promise<Awaited<R>>, // the test finishes the job with what fn would give
      cancel: () => (job.cancelled = true),
    };
  }

  async shutdown(options: { wait?: boolean; cancelFutures?: boolean } = {}): Promise<void> {
    this.shutdowns.push(options);
    await Promise.resolve();
  }
}
