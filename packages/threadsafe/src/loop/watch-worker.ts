import { errorMonitor } from 'node:events';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { typeError } from '@ringloop/core/internal';
import './on-thread-exit.js'; // this thread must learn of ends too
import { tellEnded, tellSpawned } from '../exits/thread-exits.js';

const watched = new WeakSet<Worker>();

/**
 * Tells every thread when `worker` ends, for whatever reason: what waits for its loops rejects with PeerExitedError,
 * and its lanes in other inboxes are freed. The workers of a LoopGroup are watched already. A plain Worker that is
 * given a `LoopRef`, or runs a loop of its own, should be watched by the thread that makes it, right after `new
 * Worker()`.
 *
 *     const worker = watchWorker(new Worker(new URL('./feeder.js', import.meta.url), { workerData: ref.toWire() }));
 *
 * @returns the worker
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when it is no Worker; ERR_INVALID_ARG_VALUE when it has ended already
 */
export function watchWorker(worker: Worker): Worker {
  if (!(worker instanceof Worker)) throw typeError(`worker must be a Worker, got ${inspect(worker)}`);
  if (watched.has(worker)) return worker;
  const { threadId } = worker; // after its end the worker no longer knows its id
  if (threadId < 0) throw typeError('Cannot watch a worker that has ended', 'ERR_INVALID_ARG_VALUE');
  watched.add(worker);
  tellSpawned(threadId, null);
  let thrown: { value: unknown } | null = null;
  worker.on(errorMonitor, (value: unknown) => (thrown = { value })); // does not take the error from its real listeners
  worker.prependListener('exit', (exitCode) => tellEnded(threadId, exitCode, thrown));
  return worker;
}
