import { ThreadUnavailableError } from '../errors.js';

/**
 * Converts an error that Node has thrown, or a worker has emitted, when a thread was to be started. If the system gave
 * no thread (EAGAIN), or lacked something that a thread needs (EMFILE), returns a ThreadUnavailableError; null for
 * other errors.
 * @param what the failed action, for the message: 'Cannot start loop "a"'
 */
export function threadUnavailable(thrown: unknown, what: string): ThreadUnavailableError | null {
  if (!(thrown instanceof Error) || (thrown as NodeJS.ErrnoException).code !== 'ERR_WORKER_INIT_FAILED') {
    return null;
  }
  // Node's message is the name of the system's error, or on some versions ends with it.
  return new ThreadUnavailableError(`${what}: the system gives no thread (${thrown.message})`, {
    cause: thrown,
  });
}
