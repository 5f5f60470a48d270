/** The queue of the executor is full: `maxQueue` jobs wait. The job was not accepted. */
export class ExecutorFullError extends Error {
  override readonly name = 'ExecutorFullError';
  readonly code = 'ERR_EXECUTOR_FULL';
}
