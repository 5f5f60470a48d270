import { errorMonitor } from 'node:events';
import { inspect } from 'node:util';
import { Worker } from 'node:worker_threads';
import { typeError } from '@ringloop/core/internal';
import './on-thread-exit.js'; // this thread is one of those who are told
import { tellEnded, tellSpawned } from '../exits/thread-exits.js';

const watched = new WeakSet<Worker>();

/**
 * Lets every thread know when `worker` ends, whatever it ends by: what waits for its loops rejects with PeerExitedError, and the
 * lanes that it had in other inboxes are freed. The workers of a LoopGroup are watched already; a plain Worker that is given a
 * `LoopRef`, or runs a loop of its own, should be, by the thread that makes it and right after `new Worker()`.
 *
 *     const worker = watchWorker(new Worker(new URL('./feeder.js', import.meta.url), { workerData: ref.toWire() }));
 *
 * @returns the worker
 * @throws {TypeError} ERR_INVALID_ARG_TYPE when it is no Worker; ERR_INVALID_ARG_VALUE when it has ended already
 */
export function watchWorker(worker: Worker): Worker {
  if (!(worker instanceof Worker)) throw typeError(`worker must be a Worker, got ${inspect(worker)}`);
  if (watched.has(worker)) return worker;
  const { threadId } = worker; // afterwards the worker no longer knows
  if (threadId < 0) throw typeError('Cannot watch a worker that has ended', 'ERR_INVALID_ARG_VALUE');
  watched.add(worker);
  tellSpawned(threadId, null);
  let thrown: { value: unknown } | null = null;
  worker.on(errorMonitor, (value: unknown) => (thrown = { value })); // listens without taking the error from who handles it
  worker.prependListener('exit', (exitCode) => tellEnded(threadId, exitCode, thrown));
  return worker;
}
