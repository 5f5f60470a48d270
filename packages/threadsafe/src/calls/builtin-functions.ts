// What threads may call in each other without having agreed on it: every thread of ringloop has these.
import { Future, getRunningLoop, InvalidStateError } from '@ringloop/core';
import { objectOf } from './numbered-objects.js';
import { remote } from '../references/remote.js';

/** Stops the loop it is called in: what `ref.callSoonThreadsafe(loop.stop)` stands for. */
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
