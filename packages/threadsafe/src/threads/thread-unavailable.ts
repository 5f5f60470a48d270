import { ThreadUnavailableError } from '../errors.js';

/**
 * What Node has thrown, or a worker has emitted, when a thread was to be started: where the system gave none (EAGAIN), or not what a
 * thread needs (EMFILE), as the error that says so; null where it is something else.
 * @param what for which no thread was to be had: 'Cannot start loop "a"'
 */
export function threadUnavailable(thrown: unknown, what: string): ThreadUnavailableError | null {
  if (!(thrown instanceof Error) || (thrown as NodeJS.ErrnoException).code !== 'ERR_WORKER_INIT_FAILED') {
    return null;
  }
  // Node's whole message is the name of the system's error, or on some versions has it at its end.
  return new ThreadUnavailableError(`${what}: the system gives no thread (${thrown.message})`, {
    cause: thrown,
  });
}
