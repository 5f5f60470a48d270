// Functions that threads may call in each other without preparation: every thread of ringloop has them.
import { Future, getRunningLoop, InvalidStateError } from '@ringloop/core';
import { objectOf } from './numbered-objects.js';
import { remote } from '../references/remote.js';

/**
 * Stops the loop that it is called in. It is sent in place of the loop's method in `ref.callSoonThreadsafe(loop.stop)`.
 */
export const stop = remote(import.meta.url, function stop(): void {
  getRunningLoop().stop();
});

/** Cancels the task, future or handle of that number. */
export const cancelObject = remote(import.meta.url, function cancelObject(number: number): void {
  objectOf(number)?.cancel();
});

export const setResultOf = remote(
  import.meta.url,
  function setResultOf(number: number, value: unknown): void {
    futureOf(number).setResult(value);
  },
);

export const setExceptionOf = remote(
  import.meta.url,
  function setExceptionOf(number: number, exception: Error): void {
    futureOf(number).setException(exception);
  },
);

function futureOf(number: number): Future<unknown> {
  const object = objectOf(number);
  if (object instanceof Future) return object;
  throw new InvalidStateError('Cannot settle a future from another thread: it is done');
}
