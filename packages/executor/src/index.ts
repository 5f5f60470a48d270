// `runInExecutor()` on a pool of threads. There are no folders.
//
// In the thread of the loop: piscina-executor takes jobs and ends them; job is one call from `submit()` to its result, job-queue has
// those that wait for a thread; thread-pool is Piscina and what it leaves to its users, with task-queue as the queue that it asks for.
// In the threads of the pool: run-job runs one job, and bridge is what Piscina calls.
// For both: job-message, the form of a job and of its outcome.
export { ExecutorFullError } from './errors.js';
export { PiscinaExecutor } from './piscina-executor.js';
export type { PiscinaExecutorOptions } from './piscina-executor-options.js';
