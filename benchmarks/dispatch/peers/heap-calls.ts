// What is weighed in a loop's own thread. Run with --expose-gc.
import { getHeapStatistics } from 'node:v8';
import { type LoopRef, remote } from 'ringloop';
import { sink } from './ringloop-calls.js';

/** Bytes on this thread's heap. With `collect`, of what lives. */
export const heapBytes = remote(import.meta.url, function heapBytes(collect: boolean): number {
  if (collect) collectGarbage();
  return getHeapStatistics().used_heap_size;
});

/** Makes the first call of this thread into a loop. */
export const callOnce = remote(import.meta.url, function callOnce(there: LoopRef): void {
  there.callSoonThreadsafe(sink, 1);
});

export function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('Cannot weigh anything without --expose-gc');
  globalThis.gc();
}
