/** As many jobs wait as the executor may hold back (`maxQueue`). The job was not taken. */
export class ExecutorFullError extends Error {
  override readonly name = 'ExecutorFullError';
  readonly code = 'ERR_EXECUTOR_FULL';
}
